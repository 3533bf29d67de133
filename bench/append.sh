#!/bin/sh
# Sealed appends that are durable, beside the least that has to be done with the same bytes.
set -eu
cd "$(dirname "$0")/.."
. bench/lib.sh
ninja -C build bench/bench-append >/dev/null
work_folder
build/bench/bench-append 1000000 4096 500 "$work_inner" >"$work/out"
floor=$(sed -n 's/^floor *\([0-9]*\) records.*/\1/p' "$work/out")
rate=$(sed -n 's/^ledger_append *\([0-9]*\) records.*/\1/p' "$work/out")
row "sealed appends, records/s" "$rate" "500000" "$floor: AES-GCM, SHA-256, write, fdatasync, one thread; 1,000,000 of 500 bytes; $device"
row "  as long as the floor, percent" $((floor * 100 / rate)) "150" ""
