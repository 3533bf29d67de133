#!/bin/sh
# The program as people use it: outcomes, exit statuses, what bad input gets.
# cli.sh TICKMARK FLIP : prints TAP.
set -u
tickmark=$1 flip=$2
. "$(dirname "$0")/tap.sh"

cat >"$work/git.jsonl" <<'J'
{"repo":"a/b","commit":"c1","parents":["p"],"author":"x","author_date":"2024-01-01T00:00:00+00:00","committer":"y","commit_date":"2024-01-01T00:00:00+00:00","subject":"one"}
{"repo":"a/b","commit":"c2","parents":["p","q"],"author":"x","author_date":"2024-01-02T00:00:00+00:00","committer":"y","commit_date":"2024-01-02T00:00:00+518:00","subject":"two"}
{"repo":"a/b","commit":"c3","parents":["p"],"author":"x","committer":"y","commit_date":"2024-01-03T00:00:00+00:00","subject":"three"}
J
i=0
while [ $i -lt 3000 ]; do
	echo "{\"repo\":\"a/b\",\"commit\":\"m$i\",\"parents\":[\"p\"],\"author\":\"p$((i % 50))\",\"committer\":\"y\",\"commit_date\":\"2024-02-0$((i % 9 + 1))T00:00:00+00:00\",\"subject\":\"s\"}"
	i=$((i + 1))
done >"$work/many.jsonl"

expect 0 "init makes an organization" "is ready" "$tickmark" init "$work/org" --name Test --from 2023-07-01 --to 2024-06-30
expect 2 "init touches nothing that is there" "there already" "$tickmark" init "$work/org" --name Test
expect 2 "a folder that is no organization is refused" "is not an organization" "$tickmark" -C "$work" status
expect 2 "an unknown category makes nothing" "--categories takes" "$tickmark" init "$work/none" --name N --categories security,speed
expect 2 "an unknown zone makes nothing" "no time zone" "$tickmark" init "$work/none" --name N --zone Nowhere/City
if [ ! -e "$work/none" ]; then ok "and nothing is left of either"; else not_ok "and nothing is left of either"; fi
expect 2 "an unknown command is refused" "there is no command" "$tickmark" frobnicate
expect 2 "an unknown option is refused" "there is no option" tm items change --frobnicate
expect 0 "records are taken in" "3 records, 3 new, 0 known already, 0 rejected" tm ingest git.log "$work/git.jsonl"
expect 0 "the same file again adds nothing" "0 new, 3 known already" tm ingest git.log "$work/git.jsonl"
expect 0 "an impossible offset gives an undated item in doubt" "in doubt" tm show change/a/b/c2
expect 0 "a merge's author is not told" "the evidence does not tell" tm show change/a/b/c2
printf '{"repo":"a/b","commit":"c4","commit_date":"2024-01-04T00:00:00Z"}\n{broken\n' >"$work/bad.jsonl"
expect 1 "a line that is no JSON is rejected and the rest kept" "1 new, 0 known already, 1 rejected" tm ingest git.log "$work/bad.jsonl"
gzip -c "$work/many.jsonl" | head -c 9000 >"$work/cut.jsonl.gz"
expect 1 "a truncated archive keeps what came before" "not complete" tm ingest git.log "$work/cut.jsonl.gz"
zstd -q -c "$work/many.jsonl" | head -c 2000 >"$work/cut.jsonl.zst"
expect 1 "a truncated zstd archive is told as such" "the file ends in the middle" tm ingest git.log "$work/cut.jsonl.zst"
printf 'person_id,effective_at,access_removed_at\nemail:a@b.c,2024-03-01T12:00:00Z,\nemail:d@e.f,2024-03-02T12:00:00Z,x"y\n' >"$work/t.csv"
expect 1 "a stray quote rejects its row only" "1 new, 0 known already, 1 rejected" tm ingest csv:termination "$work/t.csv"
cat >"$work/sshd.yaml" <<'Y'
kind: mapping
source: test.sshd
title: sign-ins over ssh
shapes:
  - reads: text
items:
  - collection: login
    pattern: {path: ".", text: "{at:time syslog} {host:text} sshd[{pid:int}]: {how:word Accepted|Failed} {method:text} for {user:text} from {addr:text} port {port:int} ssh2"}
    fields:
      event_id: {part: port}
      system: {part: host}
      person_id: {subject: unix.login, part: user}
      occurred_at: {part: at}
      result: {part: how, words: {Accepted: success, Failed: failure}}
      source_address: {part: addr}
Y
printf 'Dec 10 07:48:12 h sshd[2]: Accepted password for ada from ::1 port 7 ssh2\nJan  3 07:48:12 h sshd[2]: Failed password for root from ::1 port 8 ssh2\nnoise\n' >"$work/auth.log"
expect 0 "a mapping of log lines is taken" "test.sshd" sh -c "'$tickmark' -C '$work/org' apply '$work/sshd.yaml' && '$tickmark' -C '$work/org' sources"
expect 0 "lines of a log become items" "3 records, 3 new" tm ingest test.sshd "$work/auth.log" --extracted-at 2024-01-05
expect 0 "a time without a year takes it from the extraction" "2023-12-10" tm show login/7
expect 0 "and that of the new year the new one" "2024-01-03" tm show login/8
base64 -d >"$work/two.zip" <<'Z'
UEsDBBQAAAAIAAAAIVg/EKMrOAAAADgAAAAHAAAAZC9hLmNzditILSrOz4vPTNFJTUtLTS7JLEuNTyzhSs1NzMyxqnJI0kvWMTIw
MtE1MNY1MAwxNLIyMACiKC4AUEsDBBQAAAAIAAAAIVj8PTeYOAAAADgAAAAFAAAAYi5jc3YrSC0qzs+Lz0zRSU1LS00uySxLjU8s
4UrNTczMsap0SNJL1jEyMDLRNTDWNTAMMTSyMjAAoiguAFBLAQIUAxQAAAAIAAAAIVg/EKMrOAAAADgAAAAHAAAAAAAAAAAAAACA
AQAAAABkL2EuY3N2UEsBAhQDFAAAAAgAAAAhWPw9N5g4AAAAOAAAAAUAAAAAAAAAAAAAAIABXQAAAGIuY3N2UEsFBgAAAAACAAIA
aAAAALgAAAAAAA==
Z
expect 0 "each member of a zip is a file of its own" "two.zip/d/a.csv: 1 records, 1 new" tm ingest csv:termination "$work/two.zip"
expect 0 "a member is found again by its name" "0 new, 1 known already" tm ingest csv:termination "$work/two.zip!/b.csv"
head -c 200 "$work/two.zip" >"$work/cut.zip"
expect 2 "a cut zip is refused" "cannot be read as a zip" tm ingest csv:termination "$work/cut.zip"
printf 'a,"b\n1,2\n' >"$work/h.csv"
expect 2 "a header that cannot be read ends cleanly" "never closed" tm ingest csv:termination "$work/h.csv"
printf 'person_id,shoe_size\nemail:a@b.c,44\n' >"$work/u.csv"
expect 2 "a column that is no field is named" 'column 2, "shoe_size", is no field' tm ingest csv:termination "$work/u.csv"
echo '[{"a":1}]' >"$work/x.json"
expect 2 "a file of another source is refused before anything is written" "this is no record of cisa.kev" tm ingest cisa.kev "$work/x.json"
expect 2 "an unknown source is refused" 'there is no source "no.such"' tm ingest no.such "$work/git.jsonl"
expect 2 "a listing without its time is refused" "--extracted-at" sh -c "cp '$work/x.json' '$work/o.yaml'; '$tickmark' -C '$work/org' ingest kubernetes.org '$work/o.yaml'"
printf 'admins: [root]\nmembers: [ada, bob]\nname: Acme\n' >"$work/org.yaml"
expect 0 "a listing is taken in" "1 new" tm ingest kubernetes.org "$work/org.yaml" --extracted-at 2024-01-01
expect 0 "the same listing at another time is evidence of its own" "1 new" tm ingest kubernetes.org "$work/org.yaml" --extracted-at 2024-02-01
printf '[%.0s' $(seq 10000) >"$work/deep.json"
expect 1 "ten thousand brackets are refused" "nested too deeply" tm ingest aws.cloudtrail "$work/deep.json"
cat >"$work/c.yaml" <<'Y'
kind: control
id: X-1
title: t
statement: s
tests:
  - id: T1
    population: change
    attributes: {A: "it is so"}
    machine: {A: "approved_by < author"}
Y
expect 2 "an expression that does not type-check names file, line and column" "c.yaml:9:31" tm apply "$work/c.yaml"
printf 'kind: item\ncollection: vendor\nfields: {vendor_id: v1, tier: huge}\n' >"$work/i.yaml"
expect 2 "a word that is none is refused" "takes one of critical, important, low" tm apply "$work/i.yaml"
printf 'kind: item\ncollection: vendor\nfields: {vendor_id: v1, tier: low}\n---\nkind: parameter\nname: ack_days\nvalue: 20\n' >"$work/i.yaml"
expect 0 "a dry run shows and writes nothing" "would be" tm apply --dry-run "$work/i.yaml"
expect 0 "items and parameters are applied" "0 added, 1 changed, 0 as they were, 1 items" tm apply "$work/i.yaml"
expect 0 "tests run" "tests ran" tm test
expect 0 "the same tests again give no new results" " 0 results are new" tm test
expect 0 "the readiness is shown" "What to do next" tm status
expect 0 "the report is made" "draft" tm report --out "$work/r.pdf"
expect 0 "the report as JSON is made" "draft" tm report --out "$work/r.json"
expect 2 "a period that ends before it begins is refused" "ends before it begins" tm test --from 2024-02-01 --to 2024-01-01
expect 0 "rebuild makes the database anew" "made anew" tm rebuild
expect 0 "what was built by replay equals what was built by working" "INTACT" "$tickmark" verify "$work/org"
tm checkpoint >"$work/held"
vkey=$("$tickmark" verify "$work/org" --json | sed 's/.*"vkey":"\([^"]*\)".*/\1/')
expect 0 "a checkpoint held elsewhere pins the head" "signed then" "$tickmark" verify "$work/org" --since "$work/held" --vkey "$vkey"
expect 0 "a proof is given" "c2sp.org/tlog-proof@v1" tm prove 5

# an organization of three collections, from a folder
mkdir -p "$work/content/populations" "$work/content/controls"
for c in change account vendor; do cp "$TICKMARK_SOURCE/content/populations/$c.yaml" "$work/content/populations/"; done
expect 0 "an organization is made from a content folder" "is ready" "$tickmark" init "$work/three" --name Three --content "$work/content"
expect 0 "and is intact" "INTACT" "$tickmark" verify "$work/three"
expect 2 "it has no other collections" 'no collection' "$tickmark" -C "$work/three" items risk
expect 0 "and can be told from inside its folder" "INTACT" sh -c "cd '$work/three' && '$tickmark' verify"
mkdir "$work/content/population"
expect 2 "a folder of another name is not passed over" "content/population does not belong there" "$tickmark" init "$work/four" --name F --content "$work/content"
rmdir "$work/content/population"
cp "$TICKMARK_SOURCE/content/controls/phy.yaml" "$work/content/controls/"
expect 2 "a control without its collection is named with file and line" "controls/phy.yaml:7:26: there is no population" "$tickmark" init "$work/four" --name F --content "$work/content"
printf 'kind: item\n' >"$work/content/controls/phy.yaml"
expect 2 "what is no content is refused" "a content document needs" "$tickmark" init "$work/four" --name F --content "$work/content"
mkdir "$work/hollow"
expect 2 "a folder without collections is refused" "holds no collection" "$tickmark" init "$work/four" --name F --content "$work/hollow"
expect 2 "a folder that is not there is told" "there is no folder" "$tickmark" init "$work/four" --name F --content "$work/nowhere"
if [ -e "$work/four" ] || [ -e "$work/four.tickmark-key" ]; then not_ok "nothing is left where content was refused"; else ok "nothing is left where content was refused"; fi

# keys
echo "correct horse" >"$work/pass"
expect 0 "a passphrase seals the key" "is ready" "$tickmark" init "$work/sealed" --name S --passphrase-file "$work/pass"
echo "wrong horse" >"$work/wrong"
expect 3 "a wrong passphrase is told" "the passphrase does not open" "$tickmark" -C "$work/sealed" items change --passphrase-file "$work/wrong"
"$flip" "$work/sealed.tickmark-key" 60 1
expect 3 "a damaged key file is told from a wrong passphrase" "is damaged" "$tickmark" -C "$work/sealed" items change --passphrase-file "$work/pass"
done_testing
