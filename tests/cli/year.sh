#!/bin/sh
# A year of sound evidence for every population of the library has no fault, and with forty faults planted into it the report
# lists those and nothing else: tests/cli/year/.  The program's clock runs through that year.
# year.sh TICKMARK-AT YEAR FACTS FLIP : prints TAP.
set -u
tickmark=$1 year=$2 facts=$3 flip=$4
. "$(dirname "$0")/tap.sh"
here=$TICKMARK_SOURCE/tests/cli/year
zone=America/Los_Angeles
# live NAME [faults]: the organization $work/NAME, through its year
live() {
	mkdir "$work/$1.d"
	"$year" "$here/year.yaml" "$work/$1.d" ${2:-} && sort -s -n -k1,1 "$work/$1.d/plan.part" >"$work/$1.d/plan" || return 1
	begins=$(($(head -1 "$work/$1.d/plan" | cut -d' ' -f1) - 3600))
	TEST_CLOCK=$begins "$tickmark" init "$work/$1" --name Year --zone $zone --from 2023-07-01 --to 2024-06-30 &&
	    TEST_CLOCK=$begins "$tickmark" -C "$work/$1" apply "$here/scope.yaml" || return 1
	while read -r at source file more; do
		# shellcheck disable=SC2086 # options are words
		TEST_CLOCK=$at "$tickmark" -C "$work/$1" ingest "$source" "$file" $more </dev/null || return 1
	done <"$work/$1.d/plan"
}
after() { # after NAME COMMAND… : on 2024-07-11
	org=$1
	shift
	TEST_CLOCK=1720699200 "$tickmark" -C "$work/$org" "$@"
}
lists() { # lists NAME EXPECTED: what the report finds fault with; sorted, as subjects' references differ each time
	after "$1" report --out "$work/$1.json" && "$facts" "$work/$1.json" | LC_ALL=C sort >"$work/$1.txt" &&
	    diff "$here/$2" "$work/$1.txt"
}
holds "a sound year is taken in as it goes by" live sound
holds "its report finds no fault" lists sound sound.txt
holds "the same year with faults is taken in" live year faults
holds "its report lists the planted faults and no other" lists year faults.txt
prints() { # what people read has them as well
	after year report --out "$work/year.pdf" && pdftotext -layout "$work/year.pdf" - | tr -s ' \n' ' ' >"$work/text" || return 1
	for words in "Population incomplete: source states 912, received 898." "steady shift of 7 hours" "missed: cloud, 2024-01-01 to 2024-03-31" \
	    "14 identifiers missing: C-201" "Tested 12: 2 deviations, 0 not determinable, 10 met."; do
		grep -qF -- "$words" "$work/text" || { echo "does not say: $words"; return 1; }
	done
}
holds "in print as well" prints
expect 0 "and status says what is incomplete" "source states 912, received 898" after year status
expect 0 "tests and checks are recorded" "checks of completeness have something to tell" after year test
expect 0 "a bundle of it" "discloses" after year bundle --out "$work/year.zip"
expect 0 "gives the same results again" " 0 differ" "$tickmark" verify "$work/year.zip" --reperform

# Fault 36, last: a flipped byte of a stored record
segment=$(find "$work/year/log" -type f | sort | head -1)
"$flip" "$segment" $(($("$flip" "$segment" size) / 2)) 1
expect 1 "a flipped byte is found" "ALTERED" after year verify
done_testing
