#!/bin/sh
# The long runs, as many at once as there are processors: soak.sh TICKMARK FLIP LEAVES TAMPER DATABASE CRASH FAULT.
# 2,000 random flips and 200 kills (TICKMARK_KILLS: as many) of the whole program; every byte of every file of a small
# organization flipped, and bytes of an object and of the database; what a crash may leave at each call of the disk, and
# each call refused.  Prints TAP; exit status 1 when anything failed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
TICKMARK_SOURCE=$(cd "$here/../.." && pwd)
export TICKMARK_SOURCE TICKMARK_SOAK=1 CMOCKA_MESSAGE_OUTPUT=TAP
tickmark=$1 flip=$2 leaves=$3 tamper=$4 database=$5 crash=$6 fault=$7
kills=${TICKMARK_KILLS:-200}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One line a job; the longest first.
{
	echo "$tamper any_flipped_byte_is_named_with_its_file_place_and_entry"
	echo "$tamper so_is_one_in_an_object"
	echo "$crash 20 1"
	echo "$database"
	for seed in 1 2 3 4 5 6 7 8; do echo "$here/flips.sh $tickmark $flip 250 $seed"; done
	left=$kills
	while [ "$left" -gt 0 ]; do
		echo "$here/kills.sh $tickmark $leaves $((left < 50 ? left : 50)) $((20240630 + left))"
		left=$((left - 50))
	done
	echo "$fault 1"
	echo "$here/every.sh $tickmark ${TICKMARK_SHARED:-$TICKMARK_SOURCE/../shared}/data"
} | awk '{ printf "%03d %s\n", NR, $0 }' >"$work/jobs"
cat >"$work/one" <<'S'
# one NUMBER COMMAND…: its words in one piece, for others run beside it
dir=$(dirname "$0") n=$1
shift
"$@" >"$dir/$n.out" 2>&1
status=$?
[ $status -eq 0 ] || : >"$dir/failed"
{
	echo "# $(echo "$*" | sed 's|[^ ]*/||g'): exit status $status"
	cat "$dir/$n.out"
} >"$dir/$n.whole"
cat "$dir/$n.whole"
S
chmod +x "$work"/one
xargs -L 1 -P "$(nproc)" sh "$work/one" <"$work/jobs"
[ ! -e "$work/failed" ]
