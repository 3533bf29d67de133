#!/bin/sh
# A folder watched: what arrives is taken in once, what is still written waits, what deviates is told, a restart knows what it has.
# watch.sh TICKMARK : prints TAP.
set -u
tickmark=$1
made=$(cd "$(dirname "$0")/../collect/golden/made" && pwd)
. "$(dirname "$0")/tap.sh"
head='person_id,effective_at,access_removed_at,devices_returned_at,badge_returned_at'
row() { echo "hr:$1,2024-02-0${2}T12:00:00Z,2024-02-0${3}T18:00:00Z,2024-02-0${2}T12:00:00Z,2024-02-0${2}T12:00:00Z"; }
ingests() { tm withdraw --json | sed 's/},{/}\n{/g' | grep -c '"entry"'; }

expect 0 "an organization" "is ready" "$tickmark" init "$work/org" --name Test --from 2023-07-01 --to 2024-06-30
in=$work/in
mkdir -p "$in/csv:termination" "$in/git.log@mirror"
{ echo "$head"; row a 1 1; row b 2 2; } >"$in/csv:termination/a.csv"
commits c 50 >"$in/git.log@mirror/c.jsonl"
cp "$made/okta_deactivate.jsonl" "$in/d.jsonl"
printf 'x\n' >"$in/csv:termination/.hidden"
printf 'x\n' >"$in/csv:termination/half.csv.part"
expect 0 "once: all of it is taken in" "csv:termination/a.csv: 2 records, 2 new" tm watch "$in" --once
expect 0 "by the source that a folder is named after" "50 items" tm items change --limit 1000
expect 0 "or that a file fits" "okta.system_log" tm withdraw
expect 0 "with its instance" '"instance":"mirror"' tm withdraw --json
before=$(ingests)
if tm watch "$in" --once >"$work/out" 2>&1; then ok "once more: nothing is new"; else not_ok "once more: nothing is new"; fi
if [ "$(ingests)" = "$before" ] && [ "$before" -eq 3 ]; then ok "and no ingest is added"; else not_ok "and no ingest is added"; fi
printf 'nothing that anybody knows\n' >"$in/e.txt"
expect 1 "what fits no source is a finding" "it fits no source, or several" tm watch "$in" --once
rm "$in/e.txt"
mkdir "$in/no.such" && echo x >"$in/no.such/f"
expect 1 "so is a folder that is named after none" "no.such/f" tm watch "$in" --once
rm -r "$in/no.such"
expect 2 "the organization's own folder is refused" "own folder" tm watch "$work/org"
expect 2 "there must be a folder" "there is no folder" tm watch "$work/nothing"
expect 2 "and a time to wait" "--interval takes" tm watch "$in" --interval 0

# For as long as it runs.
"$tickmark" -C "$work/org" watch "$in" --interval 1 >"$work/log" 2>"$work/log.err" &
watcher=$!
until_says() { # until_says WORDS SECONDS
	k=0
	while [ $k -lt $(($2 * 5)) ]; do
		grep -qF -- "$1" "$work/log" "$work/log.err" && return 0
		sleep 0.2
		k=$((k + 1))
	done
	cat "$work/log" "$work/log.err" >"$work/out"
	return 1
}
if until_says "Watching" 60; then ok "it watches"; else not_ok "it watches"; fi
expect 0 "another command reads meanwhile" "2 items" tm items termination
{ echo "$head"; row late 3 9; } >"$in/csv:termination/.l.csv" && mv "$in/csv:termination/.l.csv" "$in/csv:termination/l.csv"
began=$(date +%s)
if until_says "deviates  IAM-04 T1 B" 60; then ok "a deviation is told"; else not_ok "a deviation is told"; fi
echo "# after $(($(date +%s) - began)) s"
( echo "$head"; row w 4 4; sleep 1; row x 5 5 ) >"$in/csv:termination/w.csv"
if until_says "w.csv: 2 records, 2 new" 60; then ok "what is still being written waits until it is whole"; else not_ok "what is still being written waits until it is whole"; fi
{ echo "$head"; row late 3 3; } >"$in/csv:termination/m.csv"
if until_says "no longer IAM-04 T1 B" 60; then ok "what deviates no longer is told as well"; else not_ok "what deviates no longer is told as well"; fi
kill -TERM $watcher
wait $watcher
if [ $? -eq 0 ]; then ok "it ends when it is asked to"; else not_ok "it ends when it is asked to"; fi
if grep -q "Sanitizer" "$work/log.err"; then cp "$work/log.err" "$work/out"; not_ok "cleanly"; else ok "cleanly"; fi
if [ -e "$in/csv:termination/l.csv" ] && [ -e "$in/csv:termination/half.csv.part" ]; then ok "nothing in the folder was moved"; else not_ok "nothing in the folder was moved"; fi
expect 0 "results are current" "Tested 5: 0 deviations" tm test --control IAM-04
# Beside a writer others read what is committed, and say how far that is.
commits e 30000 >"$work/e.jsonl"
"$tickmark" -C "$work/org" ingest git.log "$work/e.jsonl" --quiet >"$work/in.out" 2>&1 &
writer=$!
seen=
while kill -0 $writer 2>/dev/null; do
	if ! tm items termination >"$work/out" 2>"$work/err" || ! grep -q "5 items" "$work/out"; then cat "$work/err" >>"$work/out"; seen=failed; break; fi
	if grep -q "another process writes: this is as of entry" "$work/err"; then
		seen=yes
		tm status >"$work/out" 2>&1 && tm show 3 >>"$work/out" 2>&1 || seen=failed
		[ $seen = yes ] || break
	fi
done
if [ "$seen" = yes ]; then ok "others read beside a writer"; else not_ok "others read beside a writer"; fi
wait $writer
if [ $? -eq 0 ]; then ok "and do not disturb it"; else cat "$work/in.out" >"$work/out"; not_ok "and do not disturb it"; fi
expect 0 "which they see when it is done" "30050 items" tm items change --limit 100000
expect 0 "and all of it verifies" "INTACT" "$tickmark" verify "$work/org"
done_testing
