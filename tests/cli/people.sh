#!/bin/sh
# People in parts of their own: cut out of records, read back exactly, and without their keys the same items and results.
# people.sh TICKMARK PEOPLE : prints TAP.
set -u
tickmark=$1
made=$(dirname "$0")/../collect/golden/made
. "$(dirname "$0")/tap.sh"
case $2 in /*) people=$2 ;; *) people=$PWD/$2 ;; esac

cat >"$work/rules.yaml" <<'Y'
kind: identity_rule
name: okta-logins
from: okta.login
to: email
---
kind: identity_rule
name: staff
from: github.login
to: email
roster: {collection: account, subject: person_id, value: login_name}
Y
cat >"$work/okta.jsonl" <<'J'
{"uuid":"a1","published":"2024-02-01T08:00:00Z","eventType":"user.session.start","actor":{"id":"00u1","type":"User","alternateId":"Ann@Example.com","displayName":"Ann \"Annie\" \u00c5s"},"client":{"ipAddress":"192.0.2.77","geographicalContext":{"city":"Oslo","geolocation":{"lat":59.9,"lon":10.75}}},"outcome":{"result":"SUCCESS"},"target":[]}
{"uuid":"a2","published":"2024-02-01T09:00:00Z","eventType":"user.session.start","actor":{"id":"00u2","type":"User","alternateId":"bob@example.com","displayName":"Bob"},"client":{"ipAddress":"192.0.2.78"},"outcome":{"result":"FAILURE"},"target":[]}
{"uuid":"a3","published":"2024-02-02T09:00:00Z","eventType":"user.account.privilege.grant","actor":{"id":"00u2","type":"User","alternateId":"bob@example.com","displayName":"Bob"},"client":{"ipAddress":"192.0.2.78"},"outcome":{"result":"SUCCESS"},"debugContext":{"debugData":{"privilegeGranted":"Super admin"}},"target":[{"id":"00u1","type":"User","alternateId":"ann@example.com","displayName":"Ann"}]}
{"uuid":"a4","published":"2024-02-02T09:30:00Z","eventType":"system.job","actor":{"id":"x","type":"SystemPrincipal","alternateId":"system@okta.com"},"outcome":{"result":"SUCCESS"},"target":[]}
{"uuid":"a5","published":"2024-02-02T10:00:00Z","eventType":"user.session.start","actor":{"id":"00u3","type":"User","alternateId":"subject:00000000000000000000000000000000","displayName":"Mal"},"client":{"ipAddress":"192.0.2.79"},"outcome":{"result":"SUCCESS"},"target":[]}
J
printf 'system,account_id,login_name,person_id\ngithub,1,ann@example.com,github.login:ann\ngithub,2,"bob@example.com ""B""",github.login:bea\n' >"$work/accounts.csv"
printf 'person_id,effective_at\nemail:ann@example.com,2024-02-03T12:00:00Z\n' >"$work/leavers.csv"
printf 'person_id,name,email,department\nemail:ann@example.com,Ann Aas,ann@example.com,IT\nemail:bob@example.com,Bob Berg,bob@example.com,HR\n' >"$work/staff.csv"

expect 0 "an organization" "is ready" "$tickmark" init "$work/org" --name Test --from 2024-01-01 --to 2024-12-31
expect 0 "rules are declared" "identity_rule" tm apply "$work/rules.yaml"
expect 0 "sign-ins are taken in" "5 new" tm ingest okta.system_log "$work/okta.jsonl"
expect 0 "so are accounts" "2 new" tm ingest csv:account "$work/accounts.csv" --extracted-at 2024-03-01
expect 0 "and who left" "1 new" tm ingest csv:termination "$work/leavers.csv"
expect 0 "and who works here" "2 new" tm ingest csv:person "$work/staff.csv" --extracted-at 2024-03-01
expect 0 "and changes" "6 new" tm ingest github.webhook "$made/github_chain.jsonl"
expect 0 "the same file again is known" "0 new" tm ingest okta.system_log "$work/okta.jsonl"
expect 0 "all of it verifies, and the database equals a replay" "INTACT" "$tickmark" verify "$work/org"

# Exactly the bytes that came, in order.
entries=$(tm items login --json --limit 10 | sed -n 's/.*"entry":\([0-9]*\),.*/\1/p' | sort -n | uniq)
for entry in $entries; do tm show "$entry" --raw; echo; done >"$work/back"
grep session.start "$work/okta.jsonl" >"$work/want"
if cmp -s "$work/want" "$work/back"; then ok "records come back byte for byte"; else cat "$work/want" "$work/back" >"$work/out"; not_ok "records come back byte for byte"; fi
first=$(echo "$entries" | head -n 1)
expect 0 "a record says that it is in parts" '"parts":2' tm show "$first" --json
expect 0 "what names nobody is in one" '"parts":1,"raw":"{\"uuid\":\"a4\"' tm show $((first + 3)) --json
expect 0 "a reference that a source wrote is an identity like another" '"identity":"okta.login:subject:00000000000000000000000000000000"' tm items login --json
expect 0 "an address is no text of the view" '"source_address":"subject:' tm items login --json
tm items login --json >"$work/out"
if grep -q '192\.0\.2' "$work/out"; then not_ok "nowhere in it"; else ok "nowhere in it"; fi
expect 0 "a register says who is meant" '"name":"Ann Aas"' tm items person --json
expect 0 "an identity of a record and one of a rule are one person" "okta.login:ann@example.com and email:ann@example.com are one by the rule okta-logins" tm show subject:email:ann@example.com
expect 0 "a register that was cut joins whom it lists" "github.login:ann and email:ann@example.com are one by the rule staff" tm show subject:email:ann@example.com
expect 0 "tests run" "" tm test
tm test --json >"$work/results" 2>/dev/null
cp "$work/org/state.db" "$work/before.db"
expect 0 "some of them test something" '"tested":1' cat "$work/results"
if "$people" find "$work/org/log" "@example.com" >"$work/out"; then ok "nothing in the log is in clear"; else not_ok "nothing in the log is in clear"; fi

# A copy in which nobody's keys are left.
ann=$(tm items login --json | sed -n 's/.*"identity":"okta.login:ann@example.com","subject":"\([0-9a-f]*\)".*/\1/p')
for who in all "$ann"; do
	copy="$work/lost-$(echo "$who" | cut -c1-3)"
	cp -r "$work/org" "$copy" && cp "$work/org.tickmark-key" "$copy.tickmark-key" && cp "$work/org.tickmark-head" "$copy.tickmark-head"
	expect 0 "keys are destroyed: $(echo "$who" | cut -c1-3)" "keys" "$people" lose "$copy/keys" "$who"
	expect 0 "the database is made anew without them" "made anew" "$tickmark" -C "$copy" rebuild
	"$people" compare "$work/before.db" "$copy/state.db" >"$work/out" 2>&1
	# joins stand at the entry that keeps them by reference, once the identities that they came from are gone
	if grep -vE '^(identity|identity_link|said|subject_link) ' "$work/out"; then not_ok "every item and result is the same"; else ok "every item and result is the same"; fi
	if grep -q '^identity ' "$work/out"; then ok "identities are gone"; else not_ok "identities are gone"; fi
	"$tickmark" -C "$copy" test --json >"$work/again" 2>/dev/null
	if cmp -s "$work/results" "$work/again"; then ok "tests give the same"; else diff "$work/results" "$work/again" >"$work/out"; not_ok "tests give the same"; fi
	expect 1 "the record cannot be had" "is not there as it was" "$tickmark" -C "$copy" show "$first" --raw
	expect 1 "it is shown with a reference in the place of the person" 'subject:' "$tickmark" -C "$copy" show "$first"
	expect 1 "verify does not take it for an erasure" "keys/" "$tickmark" verify "$copy"
done
expect 0 "somebody else's record is whole" "bob@example.com" "$tickmark" -C "$copy" show "$(echo "$entries" | sed -n 2p)" --raw

# Disclosed without people: nothing about them, and the same results.
expect 0 "a bundle with people" "discloses" tm bundle --out "$work/with.zip"
expect 0 "it is performed again" "0 differ" "$tickmark" verify "$work/with.zip" --reperform
expect 0 "a bundle without" "parts that are about a person stay sealed" tm bundle --out "$work/without.zip" --without-people
expect 0 "so is that" "0 differ" "$tickmark" verify "$work/without.zip" --reperform
expect 0 "and it says so" "What is about people is withheld" "$tickmark" verify "$work/without.zip"
expect 0 "its report is made again as well" "made again, is the same" "$tickmark" verify "$work/without.zip" --reperform
expect 0 "everything that it rests on was there" '"not_reperformable":0' "$tickmark" verify "$work/without.zip" --reperform --json
mkdir "$work/open"
unzip -q "$work/without.zip" -d "$work/open"
for word in ann@example.com bob@example.com "Ann Aas" 192.0.2.77; do
	if grep -rqaF "$word" "$work/open"; then not_ok "no word of $word"; else ok "no word of $word"; fi
done
# What is not taken apart is kept back as a whole.
mkdir "$work/2024-05-01"
printf 'name: example\nmembers: [wilhelmina]\nadmins: [root]\n' >"$work/2024-05-01/org.yaml"
expect 0 "a roster in one piece" "1 new" tm ingest kubernetes.org "$work/2024-05-01"
expect 0 "another bundle without people" "1 records of the period stay sealed" tm bundle --out "$work/roster.zip" --without-people
expect 0 "it names what is not in it" "Not re-performable: " "$tickmark" verify "$work/roster.zip" --reperform
mkdir "$work/roster"
unzip -q "$work/roster.zip" -d "$work/roster"
if grep -rqaF wilhelmina "$work/roster"; then not_ok "no word of those in it"; else ok "no word of those in it"; fi
done_testing
