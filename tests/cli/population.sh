#!/bin/sh
# What the program says of populations: faults of whole files, planted into a year of sound records, and computed items.
# population.sh TICKMARK FLIP.  Prints TAP.
set -u
tickmark=$1 flip=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0 failed=0
check() { # check NAME COMMAND…
	name=$1
	shift
	n=$((n + 1))
	if "$@" >"$work/out" 2>&1; then echo "ok $n - $name"; else
		echo "not ok $n - $name"
		failed=1
		sed 's/^/# /' "$work/out" | head -30
	fi
}
tm() { "$tickmark" -C "$work/org" "$@"; }
# says FILE WORDS… : the file has all of them, "!WORDS" not; its white space counts once
says() {
	text=$(tr -s ' \n' ' ' <"$1")
	shift
	for words in "$@"; do
		case $words in
		!*) case $text in *"${words#!}"*) echo "says: ${words#!}"; return 1 ;; esac ;;
		*) case $text in *"$words"*) ;; *) echo "does not say: $words"; echo "$text" | cut -c1-1500; return 1 ;; esac ;;
		esac
	done
}
# A year of sound departures, one a week, removed after six hours.
leavers() {
	echo "person_id,effective_at,notified_at,access_removed_at,devices_returned_at,badge_returned_at"
	w=0
	while [ $w -lt 52 ]; do
		day=$(date -u -d "2023-07-03 + $((w * 7)) days" +%F)
		echo "hr:p$w,${day}T12:00:00Z,${day}T08:00:00Z,${day}T18:00:00Z,${day}T12:00:00Z,${day}T12:00:00Z"
		w=$((w + 1))
	done
}
sound() {
	"$tickmark" init "$work/org" --name Test --from 2023-07-01 --to 2024-06-30 && leavers >"$work/leavers.csv" &&
	    tm ingest csv:termination "$work/leavers.csv" --covers 2023-07-01..2024-06-30 && tm test --control IAM-04 >"$work/sound"
	says "$work/sound" "Tested 52: 0 deviations" "meets 52, deviates 0, not determinable 0"
}
check "a year of sound departures has no deviation" sound

# Fault 21: the same export ingested twice
twice() {
	cp "$work/leavers.csv" "$work/again.csv"
	tm ingest csv:termination "$work/again.csv" --covers 2023-07-01..2024-06-30 >"$work/ingest"
	tm test --control IAM-04 >"$work/test"
	tm status >"$work/status"
	tm report --out "$work/r.pdf" && pdftotext -layout "$work/r.pdf" "$work/r.txt"
	says "$work/ingest" "0 new, 52 known already" && says "$work/status" "52 duplicate records dropped" &&
	    says "$work/test" "Tested 52: 0 deviations" && says "$work/r.txt" "52 duplicate" "52 kept"
}
check "an export ingested twice is dropped as duplicates, and the population stays as it was" twice

# Fault 35: a file of a closed month that came after the period's end
days_late=$((($(date -u +%s) - $(date -u -d 2024-07-01 +%s)) / 86400 + 1))
late() {
	says "$work/status" "received $days_late days after the period ended" &&
	    says "$work/test" "evidence was received $days_late days after the period ended." &&
	    says "$work/r.txt" "evidence was received $days_late days after the period ended."
}
check "evidence that came late says so, and by how many days, beside the result" late
in_time() {
	from=$(date -u -d "-60 days" +%F) to=$(date -u -d "+60 days" +%F) day=$(date -u -d "-10 days" +%F)
	"$tickmark" init "$work/now" --name Now --from "$from" --to "$to" || return 1
	echo "person_id,effective_at,access_removed_at
hr:a,${day}T12:00:00Z,${day}T18:00:00Z" >"$work/now.csv"
	"$tickmark" -C "$work/now" ingest csv:termination "$work/now.csv" --covers "$from..$day" || return 1
	"$tickmark" -C "$work/now" status >"$work/now.status" && "$tickmark" -C "$work/now" test --control IAM-04 >"$work/now.test" &&
	    says "$work/now.status" "termination" "!after the period ended" && says "$work/now.test" "Tested 1:" "!after the period ended"
}
check "evidence that came in time says nothing of it" in_time

# Faults 6, 11 and 12 as somebody reads them at the terminal
removals() {
	echo "person_id,effective_at,notified_at,access_removed_at,devices_returned_at,badge_returned_at
hr:q1,2024-03-02T12:00:00Z,2024-03-02T12:00:00Z,2024-03-03T12:30:00Z,2024-03-02T12:00:00Z,2024-03-02T12:00:00Z
hr:q2,2024-03-03T12:00:00Z,2024-03-03T12:00:00Z,,2024-03-03T12:00:00Z,2024-03-03T12:00:00Z
hr:q3,,2024-03-03T12:00:00Z,,," >"$work/faults.csv"
	tm ingest csv:termination "$work/faults.csv"
	tm test --control IAM-04 >"$work/test"
	tm test --control IAM-04 --json >"$work/json"
	says "$work/test" "Tested 54: 2 deviations" "deviates in B:" "access removed after 24.5 hours, 24 allowed" \
	    "deviates in AB:" "A, B: no removal recorded, limit passed on 2024-03-04" \
	    "1 undated item, listed, not tested. Population incomplete." &&
	    says "$work/json" "access removed after 24.5 hours, 24 allowed" "no removal recorded, limit passed on 2024-03-04"
}
check "what deviates says why, with the values and the limit" removals
shown() {
	tm show "termination/hr:q1/2024-03-02T12:00:00Z" >"$work/show" || return 1
	tm show "termination/hr:q1/2024-03-02T12:00:00Z" --json >"$work/json" || return 1
	says "$work/show" "deviates in IAM-04 T1 B" "access removed after 24.5 hours, 24 allowed" "Fingerprint" &&
	    says "$work/json" '"why":"access removed after 24.5 hours, 24 allowed"' '"letters":"B"'
	tm show "termination/hr:p1/2023-07-10T12:00:00Z" >"$work/show" && says "$work/show" "!deviates"
}
check "an item shows what the tests say of it" shown

# A computed population: its items, and what they are computed from
{
	echo "monitor,at,location,status,http_code,latency_ms"
	for day in 01 02 03 04 05; do echo "web,2024-06-${day}T12:00:00Z,fra,up,200,9"; done
	echo "web,2024-06-06T12:00:00Z,fra,down,500,9
api,2024-05-06T12:00:00Z,fra,up,200,9"
} >"$work/probes.csv"
computed() {
	tm ingest csv:probe "$work/probes.csv" || return 1
	tm items availability_month >"$work/items" || return 1
	tm items availability_month --where "probes_available < probes_answered" --json >"$work/where" || return 1
	says "$work/items" "web 2024-06-01 8640 6 6 5" "api 2024-05-01 8928 1 1 1" "2 items" &&
	    says "$work/where" '"availability_percent":"83.333"' '"key":["web",19875]' '!"api"'
}
check "the items of a computed population are listed" computed
down_to_entries() {
	tm show "availability_month/web/2024-06-01" >"$work/show" || return 1
	tm show "availability_month/web/2024-06-01" --json >"$work/json" || return 1
	says "$work/show" "83.333" "Computed from 6 items of probe" "2024-06-06T12:00:00Z" "deviates in AVL-02 T1 BC" \
	    "availability 83.333 %, at least 99.9 needed" || return 1
	entry=$(sed -n 's/^2024-06-06T12:00:00Z *\([0-9]*\) .*/\1/p' "$work/show")
	tm show "$entry" >"$work/entry" && says "$work/entry" "web,2024-06-06T12:00:00Z,fra,down" &&
	    says "$work/json" '"computed_from":[{"at":"2024-06-01T12:00:00Z"' "\"entry\":$entry"
}
check "and shown down to the entries that they are computed from" down_to_entries
no_such() { tm show "availability_month/web/2024-04-01"; [ $? -eq 2 ]; }
check "a month without a probe is no item" no_such

# the terminal: 100 columns when it is none, and no colours
widths() {
	for command in status "test" "test --control IAM-04" "items termination" "show availability_month/web/2024-06-01"; do
		# shellcheck disable=SC2086 # words on purpose
		tm $command >"$work/wide" || return 1
		! grep -q "$(printf '\033')" "$work/wide" || { echo "colours in: $command"; return 1; }
		wide=$(LC_ALL=C.UTF-8 wc -L <"$work/wide")
		[ "$wide" -le 100 ] || { echo "$wide columns in: $command"; return 1; }
	done
}
check "no line is wider than the screen, none is coloured when it is none" widths

# Fault 36: one byte of a stored record changed
altered() {
	entry=$(tm items termination --where "access_removed_at = null" --json | sed -n 's/.*"entry":\([0-9]*\).*/\1/p' | head -n 1)
	file=$(cd "$work/org" && find . -path '*segment*' -type f -o -path './log/*' -type f | sed 's|^\./||' | LC_ALL=C sort | head -n 1)
	size=$("$flip" "$work/org/$file" size)
	"$flip" "$work/org/$file" $((size - 200)) 1
	"$tickmark" verify "$work/org" >"$work/verify" 2>&1
	[ $? -eq 1 ] && says "$work/verify" "ALTERED" "$file" "entry "
}
check "one byte of a stored record changed is named by file and entry" altered
echo "1..$n"
exit $failed
