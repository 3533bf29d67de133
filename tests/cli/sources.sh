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
expect 2 "an image is refused" "it is no text" "$tickmark" source new "$work/a.png"
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
echo "1..$n"
exit $failed
