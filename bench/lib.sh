# What the measuring scripts share; sourced.
tickmark=${TICKMARK:-build/src/cli/tickmark}
[ -x "$tickmark" ] || { echo "build first: ./up"; exit 2; }

# A folder of its own for this run, gone at its end.  ext4 puts what is below a folder marked so into block groups of
# their own: where thousands of files were deleted a minute ago, a file system without a journal is slow to make new ones,
# and that would be measured.
work_folder() {
	work=$(mktemp -d "${BENCH_TOP:-${BENCH_DIR:-${TMPDIR:-/tmp}}}/tickmark-bench-XXXXXXXX")
	[ -n "${BENCH_TOP:-}" ] || trap 'rm -rf "$work"' EXIT   # else whoever made that one deletes it
	chattr +T "$work" 2>/dev/null || true
	work_inner=$(mktemp -d "$work/XXXXXXXX")
	device=$(df --output=source,fstype "$work" | tail -n 1)
}

# measure COMMAND...: took (ms), peak (MB); its output goes to $work/out.
measure() {
	began=$(date +%s%N)
	"$@" >"$work/out" &
	pid=$!
	echo 0 >"$work/peak"
	# Seldom, as looking takes time too; the system keeps the highest value.
	while sleep 0.2; do
		sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status >>"$work/peak" 2>/dev/null || break
	done &
	looking=$!
	wait $pid
	took=$((($(date +%s%N) - began) / 1000000))
	wait $looking
	peak=$(($(sort -n "$work/peak" | tail -n 1) / 1024))
}

# fastest TIMES COMMAND...: the fewest microseconds that it took.
fastest() {
	times=$1
	shift
	best=
	while [ "$times" -gt 0 ]; do
		began=$(date +%s%N)
		"$@" >/dev/null
		spent=$((($(date +%s%N) - began) / 1000))
		[ -n "$best" ] && [ "$best" -le "$spent" ] || best=$spent
		times=$((times - 1))
	done
}

# row WHAT FIGURE GOAL FLOOR
row() { printf '%-34s %18s   %-22s %s\n' "$1" "$2" "$3" "$4"; }
