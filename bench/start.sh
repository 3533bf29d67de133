#!/bin/sh
# How long the program takes to start, and status of the worked example.
set -eu
cd "$(dirname "$0")/.."
. bench/lib.sh
work_folder
fastest 20 /bin/true
least=$best
fastest 20 $tickmark --version
row "start, microseconds" "$best" "20000" "$least: /bin/true, started the same way"
$tickmark demo "$work_inner/demo" >/dev/null
fastest 5 $tickmark -C "$work_inner/demo" status
row "status of the demo, microseconds" "$best" "100000" ""
