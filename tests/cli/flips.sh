#!/bin/sh
# Whichever bit of an organization's folder is flipped, verify names the file: one in each file, then at random.
# flips.sh TICKMARK FLIP [FLIPS [SEED]] : prints TAP.
set -u
tickmark=$1 flip=$2 flips=${3:-200}
. "$(dirname "$0")/tap.sh"
random=${4:-$random}

commits few 3000 >"$work/few.jsonl"
printf 'admins: [root]\nmembers: [ada, bob]\nname: Acme\n' >"$work/org.yaml"
printf 'kind: item\ncollection: vendor\nfields: {vendor_id: v1, tier: low}\n' >"$work/i.yaml"
expect 0 "init makes an organization" "is ready" "$tickmark" init "$work/org" --name Test --from 2023-07-01 --to 2024-06-30
expect 0 "records are taken in" "3000 new" tm ingest git.log "$work/few.jsonl"
expect 0 "a listing is taken in" "1 new" tm ingest kubernetes.org "$work/org.yaml" --extracted-at 2024-01-01
expect 0 "an item is applied" "1 items" tm apply "$work/i.yaml"
expect 0 "tests run" "tests ran" tm test
expect 0 "all is as it should be" "INTACT" "$tickmark" verify "$work/org"

one_flip() { # one_flip FILE OFFSET MASK: named, or in the database either named or of no consequence
	"$flip" "$work/org/$1" "$2" "$3" || return 2
	"$tickmark" verify "$work/org" >"$work/out" 2>&1
	status=$?
	"$flip" "$work/org/$1" "$2" "$3"
	case $1 in
	state.db*) [ $status -eq 0 ] || { [ $status -eq 1 ] && grep -qF state.db "$work/out"; } ;;
	*) [ $status -eq 1 ] && grep -qF "$1" "$work/out" ;;
	esac
}
files=$(cd "$work/org" && find . -type f -size +0 | sed 's|^\./||' | LC_ALL=C sort)
bad=0
for f in $files; do
	size=$("$flip" "$work/org/$f" size)
	one_flip "$f" $((size / 2)) 16 || { bad=$((bad + 1)); echo "# not named: $f at $((size / 2))"; }
done
count=$(echo "$files" | wc -l)
if [ $bad -eq 0 ] && [ "$count" -gt 5 ]; then ok "a flipped bit in each file is named"; else not_ok "a flipped bit in each file is named"; fi
bad=0 i=0
while [ $i -lt "$flips" ]; do
	pick "$count"
	f=$(echo "$files" | sed -n "$((picked + 1))p")
	size=$("$flip" "$work/org/$f" size)
	pick "$size"
	at=$picked
	pick 8
	one_flip "$f" "$at" $((1 << picked)) || { bad=$((bad + 1)); echo "# not named: $f at $at, bit $picked"; }
	echo "$f $at $picked" >>"$work/flipped"
	i=$((i + 1))
done
differ=$(LC_ALL=C sort -u "$work/flipped" | wc -l)
echo "# $differ different flips in $(cut -d' ' -f1 "$work/flipped" | LC_ALL=C sort -u | wc -l) of $count files"
if [ $bad -eq 0 ] && [ "$differ" -gt $((flips * 9 / 10)) ]; then ok "$flips random flips are named"; else not_ok "$flips random flips are named"; fi
touch "$work/org/foreign"
expect 1 "a file that is nobody's is reported" "foreign, byte 0" "$tickmark" verify "$work/org"
rm "$work/org/foreign"
mv "$work/org/tile/0" "$work/tile0"
expect 1 "missing tiles are named" "MISSING" "$tickmark" verify "$work/org"
mv "$work/tile0" "$work/org/tile/0"
expect 0 "and with them back all is well" "INTACT" "$tickmark" verify "$work/org"
done_testing
