#!/bin/sh
# How fast real commits are taken in: items, sealing and one sync a batch included; and how much memory it takes.
# bench/ingest.sh [FILE.jsonl.zst]: default the whole shared set.  Goal: 50,000 records a second, 256 MB beside zstd's own
# window of 128 MB.  TICKMARK=program, BENCH_DIR=folder on the disk to be measured.
set -eu
cd "$(dirname "$0")/.."
. bench/lib.sh
file=${1:-../shared/data/git_changes/git_changes_10repos.jsonl.zst}
[ -f "$file" ] || { echo "there is no $file: nothing was measured"; exit 0; }
work_folder
$tickmark init "$work_inner/org" --name Bench >/dev/null
measure $tickmark -C "$work_inner/org" ingest git.log "$file" --quiet
records=$(sed -n 's/.*: \([0-9]*\) records.*/\1/p' "$work/out")
row "git commits taken in, records/s" $((records * 1000 / took)) "50000" "$records records in $took ms; $device, a sync each 4,096"
row "  peak memory, MB" $peak "256 + 128 (zstd)" ""
