#!/bin/sh
# 1,000,000 sign-ins of 500 bytes as JSON lines: taken in until they can be queried; the database made anew; verification of
# the ledger, and of all with the database.  bench/events.sh [RECORDS [BYTES]].  BENCH_DIR=folder on the disk to be measured.
set -eu
cd "$(dirname "$0")/.."
. bench/lib.sh
records=${1:-1000000}
bytes=${2:-500}
ninja -C build bench/bench-events bench/bench-verify bench/bench-append >/dev/null
work_folder
build/bench/bench-events "$records" "$bytes" >"$work/events.jsonl"
$tickmark init "$work_inner/org" --name Bench >/dev/null
$tickmark -C "$work_inner/org" apply bench/bench.signins.yaml >/dev/null
sync "$work/events.jsonl"
measure $tickmark -C "$work_inner/org" ingest bench.signins "$work/events.jsonl"
row "sign-ins taken in, records/s" $((records * 1000 / took)) "150000" "$records of $bytes bytes; $device, a sync each 4,096"
row "  peak memory, MB" $peak "256" ""
measure $tickmark -C "$work_inner/org" rebuild
entries=$(sed -n 's/.*from \([0-9]*\) entries.*/\1/p' "$work/out")
row "rebuild, entries/s" $((entries * 1000 / took)) "150000" "opened, mapped, projected"
row "  peak memory, MB" $peak "256" ""
build/bench/bench-verify "$work_inner/org" >"$work/verify"
row "verify, entries/s" "$(sed -n 's/^verify *\([0-9]*\).*/\1/p' "$work/verify")" "2000000" \
	"$(sed -n 's/^floor *\([0-9]*\) entries.s: \(.*\)/\1: \2/p' "$work/verify")"
measure $tickmark verify "$work_inner/org"
row "verify with the database, entries/s" $((entries * 1000 / took)) "" "replayed beside it, every row compared"
