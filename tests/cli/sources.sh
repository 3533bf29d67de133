#!/bin/sh
# Sources as people use them: proposed, tried, told by their files, and several records folded to one item in any order.
# sources.sh TICKMARK : prints TAP.
set -u
tickmark=$1
made=$(dirname "$0")/../collect/golden/made
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0 failed=0
ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)); failed=1; echo "not ok $n - $1"; sed 's/^/# /' "$work/out" | head -30; }
# expect STATUS NAME WORDS COMMAND… : its exit status, and words that it must say
expect() {
	want=$1 name=$2 words=$3
	shift 3
	"$@" >"$work/out" 2>&1
	got=$?
	if [ $got -eq "$want" ] && grep -qF -- "$words" "$work/out"; then ok "$name"; else
		echo "# exit status $got, wanted $want, and the words: $words"
		not_ok "$name"
	fi
}
tm() { "$tickmark" -C "$work/org" "$@"; }

cat >"$work/new.jsonl" <<'J'
{"id":"e1","type":"login","timestamp":"2024-01-01T10:00:00Z","user":{"id":7,"email":"a@b.co"},"result":"SUCCESS","ip":"192.0.2.1"}
{"id":"e2","type":"login","timestamp":"2024-01-01T11:00:00Z","user":{"id":8,"email":"c@d.co"},"result":"FAILURE","ip":"192.0.2.2"}
{"id":"e3","type":"login","timestamp":"2024-01-02T10:00:00Z","user":{"id":7,"email":"a@b.co"},"result":"SUCCESS","ip":"192.0.2.1"}
J
expect 0 "a mapping is proposed without an organization" "collection: login" "$tickmark" source new "$work/new.jsonl"
cp "$work/out" "$work/new.yaml"
expect 0 "and it works as it stands" "login: 3 items" "$tickmark" source test "$work/new.yaml" "$work/new.jsonl"
printf '\211PNG\r\n\032\n\0\0' >"$work/a.png"
expect 2 "an image is refused" "is a picture (PNG)" "$tickmark" source new "$work/a.png"
expect 2 "source takes new or test" "source takes new FILE" "$tickmark" source frobnicate
sed 's/path: "result"/path: "result", colour: red/' "$work/new.yaml" >"$work/bad.yaml"
expect 2 "a mapping that is wrong is told with its place" "bad.yaml:" "$tickmark" source test "$work/bad.yaml" "$work/new.jsonl"
expect 0 "a source is tried" "2 add to items" "$tickmark" source test github.reviews "$made/github_reviews.json"
expect 0 "and what it makes is there as JSON" '"collection":"change","doubt":[],"fields":{"change_id":"10"' "$tickmark" source test github.reviews "$made/github_reviews.json" --json
expect 1 "what is rejected is a finding" "rejected 3" "$tickmark" source test github.reviews "$work/new.jsonl"
expect 2 "a file of another source is told what it fits" "the file fits github.reviews" "$tickmark" source test nosuch "$made/github_reviews.json"

expect 0 "an organization" "is ready" "$tickmark" init "$work/org" --name Test --from 2024-01-01 --to 2024-12-31
expect 2 "ingest without a known source says what fits" "the file fits github.webhook" tm ingest nosuch "$made/github_chain.jsonl"
expect 2 "and so with a wrong one" "the file fits github.webhook" tm ingest git.log "$made/github_chain.jsonl"
expect 0 "deliveries are taken in" "6 records, 6 new" tm ingest github.webhook "$made/github_chain.jsonl"
expect 0 "they are one change" "1 item" tm items change
tm items change --json | sed 's/"subject":"[0-9a-f]*"//g; s/"entry":[0-9]*//; s/"ingest":[0-9]*//' >"$work/forward"
for words in '"approved_by":{"identity":"github.login:cec"' '"approved_at":"2024-01-15T11:30:00Z"' '"tests_passed_at":"2024-01-15T11:20:00Z"' \
	'"merged_by":{"identity":"github.login:bea"' '"deployed_at":"2024-01-15T13:00:00Z"' '"reviewed_at":"2024-01-15T11:30:00Z"'; do
	expect 0 "it has $words" "$words" cat "$work/forward"
done
"$tickmark" init "$work/org2" --name Test --from 2024-01-01 --to 2024-12-31 >"$work/out" 2>&1
sed '1!G;h;$!d' "$made/github_chain.jsonl" >"$work/backward.jsonl"
"$tickmark" -C "$work/org2" ingest github.webhook "$work/backward.jsonl" >"$work/out" 2>&1
"$tickmark" -C "$work/org2" items change --json | sed 's/"subject":"[0-9a-f]*"//g; s/"entry":[0-9]*//; s/"ingest":[0-9]*//' >"$work/backward"
if cmp -s "$work/forward" "$work/backward"; then ok "in the other order they are the same"; else
	cat "$work/forward" "$work/backward" >"$work/out"
	not_ok "in the other order they are the same"
fi

printf 'person_id,effective_at\nemail:ann@example.com,2024-02-03T12:00:00Z\n' >"$work/t.csv"
expect 0 "a termination is taken in" "1 new" tm ingest csv:termination "$work/t.csv"
expect 0 "an account that is disabled is taken in" "2 new" tm ingest okta.system_log "$made/okta_deactivate.jsonl"
tm items termination --json >"$work/out"
if grep -q access_removed_at "$work/out"; then not_ok "the two are of different identities"; else ok "the two are of different identities"; fi
printf 'kind: identity\nsame: ["okta.login:ann@example.com", "email:ann@example.com"]\n' >"$work/same.yaml"
expect 0 "they are said to be one person" "" tm apply "$work/same.yaml"
expect 0 "and the account gives the termination its time" '"access_removed_at":"2024-02-03T16:00:00Z"' tm items termination --json
expect 0 "what was built by working equals a replay" "INTACT" "$tickmark" verify "$work/org"
expect 0 "the database is made anew" "made anew" tm rebuild
expect 0 "and says the same" '"access_removed_at":"2024-02-03T16:00:00Z"' tm items termination --json

# Who is one person, by rules of the organization's.
cat >"$work/rules.yaml" <<'Y'
kind: identity_rule
name: okta-logins
title: Okta logins are e-mail addresses
from: okta.login
to: email
---
kind: identity_rule
name: assumed-roles
from: aws.arn
after: /
to: email
---
kind: identity_rule
name: staff
from: github.login
to: email
roster: {collection: account, subject: person_id, value: login_name}
Y
rules() { "$tickmark" -C "$work/rules" "$@"; }
"$tickmark" init "$work/rules" --name Rules --from 2024-01-01 --to 2024-12-31 >"$work/out" 2>&1
printf 'person_id,effective_at\nemail:ann@example.com,2024-02-03T12:00:00Z\n' >"$work/t.csv"
printf 'system,account_id,login_name,person_id\ngithub,1,ann@example.com,github.login:ann\n' >"$work/roster.csv"
printf 'event_id,person_id,occurred_at\n1,aws.arn:arn:aws:sts::123456789012:assumed-role/Admin/ann@example.com,2024-02-01T00:00:00Z\n' >"$work/login.csv"
expect 0 "a leaver is taken in" "1 new" rules ingest csv:termination "$work/t.csv"
expect 0 "a login is taken in" "1 new" rules ingest csv:login "$work/login.csv"
expect 0 "without a rule nobody is joined" "nothing joins it" rules show subject:email:ann@example.com
expect 2 "a rule that is none is refused" "has no \"colour\"" sh -c "printf 'kind: identity_rule\nname: a\nfrom: b\nto: c\ncolour: red\n' >$work/r.yaml; $tickmark -C $work/rules apply $work/r.yaml"
expect 0 "rules are declared" "+ identity_rule okta-logins" rules apply "$work/rules.yaml"
expect 0 "what was there is joined by them" "by the rule assumed-roles" rules show subject:email:ann@example.com
expect 0 "what comes later is taken in" "2 new" rules ingest okta.system_log "$made/okta_deactivate.jsonl"
expect 0 "and joined" "okta.login:ann@example.com are one by the rule okta-logins" rules show subject:email:ann@example.com
expect 0 "so that the account gives the termination its time" '"access_removed_at":"2024-02-03T16:00:00Z"' rules items termination --json
expect 0 "a roster is taken in" "1 new" rules ingest csv:account "$work/roster.csv" --extracted-at 2024-03-01
expect 0 "and joins whom it lists" "github.login:ann are one by the rule staff" rules show subject:okta.login:ann@example.com
printf 'kind: split\napart: ["aws.arn:arn:aws:sts::123456789012:assumed-role/Admin/ann@example.com", "email:ann@example.com"]\nreason: a shared role\n' >"$work/split.yaml"
expect 0 "two are said not to be one" "" rules apply "$work/split.yaml"
expect 0 "and are not" "nothing joins it" rules show "subject:aws.arn:arn:aws:sts::123456789012:assumed-role/Admin/ann@example.com"
expect 0 "while the others are" "okta-logins" rules show subject:email:ann@example.com
rules show subject:email:ann@example.com >"$work/before"
expect 0 "what was built by working equals a replay" "INTACT" "$tickmark" verify "$work/rules"
expect 0 "the database is made anew" "made anew" rules rebuild
rules show subject:email:ann@example.com >"$work/after"
if cmp -s "$work/before" "$work/after"; then ok "and joins the same"; else cat "$work/before" "$work/after" >"$work/out"; not_ok "and joins the same"; fi
echo "1..$n"
exit $failed
