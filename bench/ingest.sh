#!/bin/sh
# How fast real commits are taken in: items, sealing and one sync a batch included; and how much memory it takes.
# bench/ingest.sh [FILE.jsonl.zst]: default the whole shared set.  Stated limit: 50,000 records a second, 256 MB beside
# zstd's own window of 128 MB.
set -eu
cd "$(dirname "$0")/.."
file=${1:-../shared/data/git_changes/git_changes_10repos.jsonl.zst}
[ -f "$file" ] || { echo "there is no $file: nothing was measured"; exit 0; }
tickmark=build/src/cli/tickmark
[ -x $tickmark ] || { echo "build first: ./up"; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
$tickmark init "$work/org" --name Bench >/dev/null
began=$(date +%s%N)
$tickmark -C "$work/org" ingest git.log "$file" --quiet >"$work/out" &
pid=$!
peak=0
while kill -0 $pid 2>/dev/null; do
	now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status 2>/dev/null || true)
	[ -z "$now" ] || [ "$now" -le "$peak" ] || peak=$now
	sleep 0.05
done
wait $pid
took=$((($(date +%s%N) - began) / 1000000))
records=$(sed -n 's/.*: \([0-9]*\) records.*/\1/p' "$work/out")
echo "records          $records"
echo "milliseconds     $took"
echo "records a second $((records * 1000 / took))   (limit 50000)"
echo "peak memory      $((peak / 1024)) MB, zstd's window included   (limit 256 MB and the window's 128)"
echo "device           $(df --output=source,fstype "$work" | tail -n 1), fdatasync after each batch of 4,096"
began=$(date +%s%N)
$tickmark verify "$work/org" >/dev/null
echo "verify           $((($(date +%s%N) - began) / 1000000)) ms, with the database compared"
