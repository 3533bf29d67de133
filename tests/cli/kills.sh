#!/bin/sh
# Killed at any instant of an ingest: what was acknowledged is there afterwards, each entry of it, and verify is clean.
# kills.sh TICKMARK LEAVES [KILLS [SEED]] : prints TAP.
set -u
tickmark=$1 leaves=$2 kills=${3:-20}
. "$(dirname "$0")/tap.sh"
random=${4:-$random}

expect 0 "init makes an organization" "is ready" "$tickmark" init "$work/sound" --name Test --from 2023-07-01 --to 2024-06-30
cp -r "$work/sound" "$work/org"
cp "$work/sound.tickmark-key" "$work/org.tickmark-key"
commits whole 12000 >"$work/k.jsonl"
began=$(date +%s%N)
expect 0 "each record is acknowledged" "acked" tm ingest git.log "$work/k.jsonl" --acks
took=$((($(date +%s%N) - began) / 1000000 + 1))         # milliseconds: what a kill must fall into
whole=$(grep -c '^acked ' "$work/out")
[ "$whole" -ge 12000 ] || not_ok "all of them"
bad=0 i=0 landed=0 before=0 between=0 after=0
: >"$work/held"
while [ $i -lt "$kills" ]; do
	if [ $((i % 25)) -eq 0 ]; then   # anew, so that the thousandth costs no more than the first
		rm -rf "$work/org" "$work/org.tickmark-head"
		cp -r "$work/sound" "$work/org"
		: >"$work/held"
	fi
	commits "k$i" 12000 >"$work/k.jsonl"
	"$tickmark" -C "$work/org" ingest git.log "$work/k.jsonl" --acks >"$work/acks" 2>/dev/null &
	pid=$!
	pick $((took * 5 / 4))
	sleep "$((picked / 1000)).$(printf %03d $((picked % 1000)))"
	hit=
	if kill -9 $pid 2>/dev/null; then hit=yes landed=$((landed + 1)); fi
	wait $pid 2>/dev/null
	acked=$(grep -c '^acked ' "$work/acks")
	if [ -n "$hit" ]; then
		if [ "$acked" -eq 0 ]; then before=$((before + 1)); elif [ "$acked" -ge "$whole" ]; then after=$((after + 1)); else between=$((between + 1)); fi
	fi
	cat "$work/acks" >>"$work/held"
	[ -z "$(tail -c 1 "$work/held")" ] || echo >>"$work/held"        # the line that the kill cut
	tm checkpoint >/dev/null 2>"$work/out" || { bad=$((bad + 1)); echo "# no checkpoint after kill $i"; sed 's/^/# /' "$work/out"; }
	"$leaves" "$work/org" "$work/held" >"$work/out" || { bad=$((bad + 1)); echo "# lost by kill $i, $acked acknowledged in it:"; cat "$work/out"; }
	"$tickmark" verify "$work/org" >"$work/out" 2>&1 || { bad=$((bad + 1)); echo "# not clean after kill $i"; head -5 "$work/out" | sed 's/^/# /'; }
	i=$((i + 1))
done
echo "# $landed of $kills kills landed while it ran: $before before the first acknowledgement, $between between, $after after the last"
if [ $bad -eq 0 ] && [ $landed -gt $((kills / 2)) ] && [ $between -gt 0 ]; then ok "nothing acknowledged is lost by $kills kills"; else not_ok "nothing acknowledged is lost by $kills kills"; fi
done_testing
