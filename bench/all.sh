#!/bin/sh
# All measurements, as one table: what, figure, goal, and what stands beside it.  A few minutes, on a machine that does
# nothing else.  BENCH_DIR=folder on the disk to be measured.
set -eu
cd "$(dirname "$0")/.."
[ -d build ] || { echo "build first: ./up"; exit 2; }
ninja -C build src/cli/tickmark bench/bench-append bench/bench-events bench/bench-verify >/dev/null
BENCH_TOP=$(mktemp -d "${BENCH_DIR:-${TMPDIR:-/tmp}}/tickmark-bench-XXXXXXXX")
trap 'rm -rf "$BENCH_TOP"' EXIT
export BENCH_TOP
printf '%-34s %18s   %-22s %s\n' "what" "figure" "goal" "floor, or how"
for script in append ingest events start; do
	sh bench/$script.sh
done
