#!/bin/sh
# A wrong file taken out again, and records read anew by a corrected mapping: the view is as if it had always been so.
# withdraw.sh TICKMARK : prints TAP.
set -u
tickmark=$1
made=$(cd "$(dirname "$0")/../collect/golden/made" && pwd)
. "$(dirname "$0")/tap.sh"

# Every collection's items without what tells of entries and subjects' random references.
view() { # view FOLDER
	for collection in change account person login termination access_grant; do
		echo "== $collection"
		"$tickmark" -C "$1" items "$collection" --json --limit 100000 |
			sed -E 's/"(entry|ingest)":[0-9]+/"\1":0/g; s/"subject":"[0-9a-f]{32}"/"subject":""/g; s/"key":\[[^]]*\]/"key":[]/; s/"account_id":"[0-9a-f]{32}"/"account_id":""/' | sort
	done
}
organization() { # organization NAME: a copy of one that is made once
	cp -r "$work/made" "$work/$1" && cp "$work/made.tickmark-key" "$work/$1.tickmark-key" && cp "$work/made.tickmark-head" "$work/$1.tickmark-head"
}
cat >"$work/rules.yaml" <<'Y'
kind: identity_rule
name: staff
from: github.login
to: email
roster: {collection: account, subject: person_id, value: login_name}
Y
expect 0 "an organization" "is ready" "$tickmark" init "$work/made" --name Test --from 2024-01-01 --to 2024-12-31
expect 0 "with a rule" "1 added" "$tickmark" -C "$work/made" apply "$work/rules.yaml"
mkdir -p "$work/r/2024-05-01" "$work/r/2024-05-02" "$work/r/2024-05-03"
printf 'name: example\nmembers: [ann, bob]\nadmins: [root]\n' >"$work/r/2024-05-01/org.yaml"
printf 'name: example\nmembers: [bob]\nadmins: [root, mallory]\n' >"$work/r/2024-05-02/org.yaml"
printf 'name: example\nmembers: [ann, bob]\nadmins: [root]\n' >"$work/r/2024-05-03/org.yaml"
printf 'system,account_id,login_name,person_id\ngithub,1,ann@example.com,github.login:ann\ngithub,2,bob@example.com,github.login:bea\n' >"$work/accounts.csv"
printf 'person_id,name,email\nemail:ann@example.com,Ann Aas,ann@example.com\n' >"$work/staff.csv"
printf 'person_id,effective_at\nemail:ann@example.com,2024-02-03T12:00:00Z\n' >"$work/leavers.csv"
commits a 300 >"$work/a.jsonl"
{ tail -n 100 "$work/a.jsonl" && commits b 200; } >"$work/b.jsonl"

# take FOLDER WHAT: one of the files taken in
take() {
	case $2 in
	roster?) "$tickmark" -C "$1" ingest kubernetes.org "$work/r/2024-05-0${2#roster}" ;;
	accounts) "$tickmark" -C "$1" ingest csv:account "$work/accounts.csv" --extracted-at 2024-03-01 ;;
	staff) "$tickmark" -C "$1" ingest csv:person "$work/staff.csv" --extracted-at 2024-03-01 ;;
	leavers) "$tickmark" -C "$1" ingest csv:termination "$work/leavers.csv" ;;
	hooks) "$tickmark" -C "$1" ingest github.webhook "$made/github_chain.jsonl" ;;
	hooks1) sed -n '1,4p' "$made/github_chain.jsonl" >"$work/h1.jsonl" && "$tickmark" -C "$1" ingest github.webhook "$work/h1.jsonl" ;;
	hooks2) sed '1,4d' "$made/github_chain.jsonl" >"$work/h2.jsonl" && "$tickmark" -C "$1" ingest github.webhook "$work/h2.jsonl" ;;
	git) "$tickmark" -C "$1" ingest git.log "$work/a.jsonl" ;;
	esac >/dev/null 2>"$work/out"
}
last() { "$tickmark" -C "$1" withdraw --json | sed 's/},{/}\n{/g' | sed -n '1s/.*"entry":\([0-9]*\).*/\1/p'; }

# As if it had never been there, whichever of them it is: joins, extended versions of listings, identities by rules.
seen=0
for order in "roster1 roster2 roster3" "roster1 roster3 roster2" "roster3 roster2 roster1" "accounts hooks staff" "hooks accounts" "hooks1 hooks2" "hooks2 hooks1" "leavers accounts" "git leavers"; do
	for out in $order; do
		organization with && organization without || not_ok "two organizations"
		gone=
		for what in $order; do
			take "$work/with" "$what" || not_ok "$what is taken in"
			if [ "$what" = "$out" ]; then gone="$gone $(last "$work/with")"; else take "$work/without" "$what" || not_ok "$what is taken in"; fi
		done
		for entry in $gone; do "$tickmark" -C "$work/with" withdraw "$entry" --reason "a test" >"$work/out" 2>&1 || not_ok "withdrawn"; done
		view "$work/with" >"$work/x"
		view "$work/without" >"$work/y"
		seen=$((seen + $(grep -c collection "$work/x")))
		if cmp -s "$work/x" "$work/y"; then ok "$order without $out"; else diff "$work/x" "$work/y" >"$work/out"; not_ok "$order without $out"; fi
		"$tickmark" verify "$work/with" >"$work/out" 2>&1 && grep -q INTACT "$work/out" || not_ok "and it verifies"
		rm -rf "$work/with" "$work/with.tickmark-"* "$work/without" "$work/without.tickmark-"*
	done
done
if [ $seen -gt 40 ]; then ok "$seen items were compared"; else not_ok "$seen items were compared"; fi

organization org
expect 0 "a file" "300 new" tm ingest git.log "$work/a.jsonl" --covers 2024-01-01..2024-12-31
ingest=$(last "$work/org")
expect 0 "another that holds some of it" "200 new, 100 known" tm ingest git.log "$work/b.jsonl"
expect 0 "both are listed" "a.jsonl" tm withdraw
expect 2 "a reason is asked for" "needs --reason" tm withdraw "$ingest"
expect 2 "an entry that opened nothing" "did not open an ingest" tm withdraw 3 --reason x
expect 2 "one that is not there" "" tm withdraw 99999999 --reason x
cp "$work/org/state.db" "$work/before.db"
expect 0 "the first is withdrawn, and what it hid is told" '"items":300,"later_with_duplicates":1,"records":300' tm withdraw "$ingest" --reason "the staging tenant's" --json
tm withdraw "$ingest" --reason again >"$work/out" 2>&1
if [ $? -eq 2 ] && grep -q "withdrawn before" "$work/out"; then ok "not twice"; else not_ok "not twice"; fi
expect 0 "its items are gone" "200 items" tm items change --limit 100000
expect 0 "and listed" "300 withdrawn" tm items change --withdrawn --limit 100000
expect 0 "its day is not covered by it" "not counted: git.log, file a.jsonl: 300 records withdrawn" tm status
expect 0 "its entry says so" "Withdrawn    by entry" tm show "$ingest"
expect 0 "so does a record" "that ingest counts no more" tm show $((ingest + 2))
expect 0 "the report names it" "management's draft" tm report --out "$work/r.json"
expect 0 "with the reason" "300 records withdrawn on " cat "$work/r.json"
if cp "$work/before.db" "$work/org/state.db" && tm items change --limit 100000 >"$work/out" 2>"$work/err" && grep -q "200 items" "$work/out"; then
	ok "a crash before the database was made anew does no harm"; else not_ok "a crash before the database was made anew does no harm"; fi
expect 0 "all of it verifies" "INTACT" "$tickmark" verify "$work/org"
expect 0 "the file again is new" "300 new" tm ingest git.log "$work/a.jsonl"
expect 0 "and known then" "0 new, 300 known" tm ingest git.log "$work/a.jsonl"
expect 0 "nothing is there twice" "500 items" tm items change --limit 100000
expect 0 "a bundle" "discloses" tm bundle --out "$work/b.zip"
expect 0 "is performed again" "0 differ" "$tickmark" verify "$work/b.zip" --reperform
expect 0 "and its report" "made again, is the same" "$tickmark" verify "$work/b.zip" --reperform

# Records read anew.
cat >"$work/m.yaml" <<'Y'
kind: mapping
source: acme.deploys
title: deployments
identity: [id]
shapes: [{reads: lines, detect: [id, when]}]
items:
  - {collection: change, fields: {change_id: {path: id}, system: {const: acme}, merged_at: {path: when}, ticket_ref: {path: what}}}
Y
sed 's/path: what}/path: title}, deployed_at: {path: when}/' "$work/m.yaml" >"$work/m2.yaml"
sed 's/ticket_ref:/author: {subject: acme.user, path: who}, ticket_ref:/' "$work/m2.yaml" >"$work/m3.yaml"
i=0
while [ $i -lt 50 ]; do
	i=$((i + 1))
	echo "{\"id\":\"d$i\",\"when\":\"2024-01-02T03:04:05Z\",\"what\":\"w$i\",\"title\":\"t$i\",\"who\":\"p$i\"}"
done >"$work/d.jsonl"
expect 0 "a mapping" "1 added" tm apply "$work/m.yaml"
expect 0 "and its records" "50 new" tm ingest acme.deploys "$work/d.jsonl"
expect 0 "a new one is for what comes" "1 changed" tm apply "$work/m2.yaml" --dry-run
expect 0 "or for what was there as well" "50 items say something else, 0 are new, 0 are gone" tm apply "$work/m2.yaml" --rederive --dry-run
expect 0 "what it was and what it becomes is shown" "acme / d1, ticket_ref: w1, read anew t1" tm apply "$work/m2.yaml" --rederive --dry-run
expect 0 "trying changed nothing" '"ticket_ref":"w1"' tm items change --json --limit 100000
expect 0 "records are read anew" "50 items say something else" tm apply "$work/m2.yaml" --rederive
expect 0 "and are what they say now" '"ticket_ref":"t1"' tm items change --json --limit 100000
expect 0 "once more is nothing new" "1 as they were" tm apply "$work/m2.yaml" --rederive
expect 2 "people who were not introduced" "whom it did not find then" tm apply "$work/m3.yaml" --rederive
if [ -e "$work/org/state.db.tmp" ]; then not_ok "nothing is left of trying"; else ok "nothing is left of trying"; fi
expect 0 "all of it verifies still" "INTACT" "$tickmark" verify "$work/org"
expect 0 "and is made anew the same" "made anew" tm rebuild
expect 0 "as it was" '"ticket_ref":"t50"' tm items change --json --limit 100000
expect 0 "what comes is read by it" "0 new, 50 known" tm ingest acme.deploys "$work/d.jsonl"
expect 0 "another bundle" "discloses" tm bundle --out "$work/c.zip"
expect 0 "is performed again as well" "0 differ" "$tickmark" verify "$work/c.zip" --reperform
done_testing
