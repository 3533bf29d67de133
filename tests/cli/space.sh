#!/bin/sh
# No space left, at each command that writes: exit status 3, a message that says so, nothing that was there is harmed, and
# with room again everything goes on.  On a small file system of its own where this machine lets one be mounted, and with
# a limit on the size of files.  space.sh TICKMARK prints TAP.
set -u
tickmark=$1
. "$(dirname "$0")/tap.sh"
disk=$work/disk
mkdir "$disk"
trap 'umount "$disk" 2>/dev/null; rm -rf "$work"' EXIT
commits k 60000 >"$work/k.jsonl"
commits few 20 >"$work/few.jsonl"
printf 'kind: parameter\nname: ack_days\nvalue: 21\n' >"$work/p.yaml"
tm() { "$tickmark" -C "$disk/org" "$@"; }
init() { "$tickmark" init "$disk/org" --name N --from 2023-07-01 --to 2024-06-30; }
nothing_left() { [ -z "$(ls -A "$disk")" ]; }

# ---- init on disks of every size up to the one that it needs
if mount -t tmpfs -o size=16k tmpfs "$disk" 2>/dev/null; then
	umount "$disk"
	bad= made=
	for kib in 8 16 64 128 256 512 1024 2048 4096 8192 12288 65536; do
		mount -t tmpfs -o size=${kib}k tmpfs "$disk"
		init >"$work/out" 2>&1 </dev/null
		status=$?
		if [ $status -eq 0 ]; then
			made=yes
			"$tickmark" verify "$disk/org" >"$work/out" 2>&1 || bad="$bad $kib:verify"
		elif [ $status -ne 3 ] || ! nothing_left; then
			bad="$bad $kib:$status($(ls -A "$disk" | tr '\n' ' '))"
		fi
		umount "$disk"
	done
	[ -z "$bad" ] && [ -n "$made" ] && ok "init on a full disk says so and leaves nothing" || { echo "$bad" >>"$work/out"; not_ok "init on a full disk says so and leaves nothing"; }

	# ---- the others, on a disk that fills up while they run
	mount -t tmpfs -o size=32m tmpfs "$disk"
	init >"$work/out" 2>&1 </dev/null
	tm ingest git.log "$work/few.jsonl" >"$work/out" 2>&1
	expect 3 "ingest on a disk that fills up" "o space" tm ingest git.log "$work/k.jsonl" --acks
	grep '^acked' "$work/out" >"$work/acks"
	dd if=/dev/zero of="$disk/fill" bs=1k 2>/dev/null
	for c in "ingest git.log $work/few.jsonl" "apply $work/p.yaml" test rebuild "report --out $disk/r.pdf" "report --out $disk/r.json" "bundle --out $disk/b.zip"; do
		# shellcheck disable=SC2086 # words on purpose
		tm $c >"$work/out" 2>&1 </dev/null
		[ $? -eq 3 ] && ok "${c%% *} on a full disk" || not_ok "${c%% *} on a full disk"
	done
	tm checkpoint >"$work/out" 2>&1
	[ $? -eq 3 ] || [ $? -eq 0 ] && ok "checkpoint on a full disk" || not_ok "checkpoint on a full disk"
	holds "no half of a report is left" sh -c "! ls '$disk' | grep -q '^[rb]\\.'"
	"$tickmark" verify "$disk/org" >"$work/out" 2>&1
	[ $? -ne 1 ] && ok "verify calls nothing altered that is only short of space" || not_ok "verify calls nothing altered that is only short of space"
	rm "$disk/fill"
	mount -o remount,size=200m "$disk"
	expect 0 "with room again the same file is taken in" "60000 records" tm ingest git.log "$work/k.jsonl"
	expect 0 "and all is as it should be" "INTACT" "$tickmark" verify "$disk/org"
	lost=0
	last=$(tail -n 1 "$work/acks")
	# shellcheck disable=SC2086 # words on purpose
	set -- $last
	[ $# -eq 3 ] && { tm show "$2" 2>/dev/null | grep -qF "$3" || lost=1; }
	[ $lost -eq 0 ] && ok "nothing that was acknowledged is lost" || not_ok "nothing that was acknowledged is lost"
	umount "$disk"
else
	skip "no space left, on a small disk" "no file system can be mounted here: this takes root"
fi

# ---- a limit on the size of files: the same paths, for whoever is not root
limited() { # limited BLOCKS COMMAND…
	blocks=$1
	shift
	(ulimit -f "$blocks" && trap '' XFSZ && exec "$@")
}
bad= made=
for blocks in 1 16 64 512 2048 8192 65536; do
	limited $blocks "$tickmark" init "$disk/org" --name N --from 2023-07-01 --to 2024-06-30 >"$work/out" 2>&1 </dev/null
	status=$?
	if [ $status -eq 0 ]; then
		made=yes
		rm -rf "$disk/org" "$disk/org.tickmark-key" "$disk/org.tickmark-head"
	elif [ $status -ne 3 ] || ! nothing_left; then
		bad="$bad $blocks:$status($(ls -A "$disk" | tr '\n' ' '))"
	fi
done
[ -z "$bad" ] && [ -n "$made" ] && ok "init with a limit on files says so and leaves nothing" || { echo "$bad" >>"$work/out"; not_ok "init with a limit on files says so and leaves nothing"; }
init >"$work/out" 2>&1 </dev/null
expect 3 "ingest with a limit on files" "" limited 12000 "$tickmark" -C "$disk/org" ingest git.log "$work/k.jsonl"
expect 3 "apply with a limit on files" "" limited 1 "$tickmark" -C "$disk/org" apply "$work/p.yaml"
expect 3 "report with a limit on files" "" limited 1 "$tickmark" -C "$disk/org" report --out "$disk/r.json"
holds "leaves no half" sh -c "! ls '$disk' | grep -q '^r\\.'"
expect 0 "and without it the rest is taken in" "60000 records" tm ingest git.log "$work/k.jsonl"
expect 0 "and all is as it should be" "INTACT" "$tickmark" verify "$disk/org"
done_testing
