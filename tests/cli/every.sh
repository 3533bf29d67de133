#!/bin/sh
# Every file of the shared data that some source claims goes in: no crash, nothing incomplete, each rejected record with its reason;
# and which files no source claims.  every.sh TICKMARK SHARED [EVERY] : each EVERY-th file (default 1).  Prints TAP, the rest behind #.
set -u
tickmark=$1 shared=$2 step=${3:-1}
. "$(dirname "$0")/tap.sh"

[ -d "$shared" ] || { echo "1..0 # SKIP there is no shared data"; exit 0; }
expect 0 "an organization" "is ready" "$tickmark" init "$work/org" --name Test --from 2020-01-01 --to 2026-12-31
most=1000M
[ "$step" -eq 1 ] || most=4M      # of a sample no large file
(cd "$shared" && find . -type f -size -$most | sed 's|^\./||' | grep -vE '^(vectors|soc2_reference)/|(^|/)(README|LICEN[CS]E|NOTICE|MANIFEST|sources\.csv|provenance)' |
	LC_ALL=C sort) | awk -v step="$step" 'NR % step == 0' >"$work/list"
claimed=0 records=0 rejected=0 bad=0
: >"$work/unclaimed"
: >"$work/reasons"
while IFS= read -r file; do
	"$tickmark" source new "$shared/$file" >"$work/new" 2>"$work/say" </dev/null
	status=$?
	[ $status -le 3 ] || { bad=$((bad + 1)); echo "# source new died on $file"; cat "$work/say"; }
	source=$(sed -n 's/.* can be read already, as \([a-z0-9_.]*\).*/\1/p' "$work/say" | head -n 1)
	case $source$file in            # what has no mark of its own: whole files and lines of text are named by who knows them
	access_roster/kubernetes_org/*/org.yaml | access_roster/kubernetes_org/*__org.yaml) source=kubernetes.org ;;
	linux_syslog/*) source=linux.auth_log ;;
	esac
	if [ -z "$source" ]; then
		echo "$file: $(tail -n 1 "$work/say" | sed 's/^tickmark: [^ ]* //' | cut -c1-120)" >>"$work/unclaimed"
		continue
	fi
	claimed=$((claimed + 1))
	tm ingest "$source" "$shared/$file" --extracted-at 2024-06-30 >"$work/out" 2>"$work/err" </dev/null
	status=$?
	if [ $status -gt 1 ] || grep -qE "Sanitizer|not complete" "$work/err"; then
		bad=$((bad + 1))
		echo "# $file as $source: exit status $status"
		sed 's/^/#   /' "$work/err" | head -n 5
	fi
	in=$(sed -n 's/.*: \([0-9]*\) records, .*/\1/p' "$work/out" | awk '{ s += $1 } END { print s + 0 }')
	out=$(sed -n 's/.* \([0-9]*\) rejected.*/\1/p' "$work/out" | awk '{ s += $1 } END { print s + 0 }')
	records=$((records + in)) rejected=$((rejected + out))
	[ "$out" -eq 0 ] || echo "$file as $source: $out of $in: $(grep -m 1 'rejected and kept' "$work/err" | sed 's/.*the first: //' | cut -c1-160)" >>"$work/reasons"
done <"$work/list"
echo "# $claimed of $(wc -l <"$work/list") files are claimed by a source; $records records, $rejected of them rejected"
sed 's/^/# rejected: /' "$work/reasons"
sed 's/^/# no source: /' "$work/unclaimed"
if [ $claimed -gt 0 ] && [ $bad -eq 0 ]; then ok "each goes in"; else not_ok "each goes in"; fi
missing=$(grep -cv ' of [0-9]*: .' "$work/reasons")
if [ "$missing" -eq 0 ]; then ok "each rejection has a reason"; else not_ok "each rejection has a reason"; fi
expect 0 "all of it verifies" "INTACT" "$tickmark" verify "$work/org"
done_testing
