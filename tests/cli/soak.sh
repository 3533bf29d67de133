#!/bin/sh
# The long runs: soak.sh TICKMARK FLIP PROGRAM….  More flips and kills of the whole program, then every byte of every file of
# a small organization
# flipped, and bytes of its database.  Prints TAP; exit status 1 when anything failed.
set -u
here=$(dirname "$0") status=0
TICKMARK_SOURCE=$(cd "$here/../.." && pwd)
export TICKMARK_SOURCE
"$here/cli.sh" "$1" "$2" 2000 200 || status=1
shift 2
for program; do TICKMARK_SOAK=1 CMOCKA_MESSAGE_OUTPUT=TAP "$program" || status=1; done
exit $status
