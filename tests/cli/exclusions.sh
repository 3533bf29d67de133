#!/bin/sh
# Items set apart from tests: by an exclusion that somebody approved, and by the scope's instances; and who is one person in two
# fields of different kinds.  exclusions.sh TICKMARK : prints TAP.
set -u
tickmark=$1
. "$(dirname "$0")/tap.sh"

expect 0 "an organization" "is ready" "$tickmark" init "$work/org" --name Test --from 2023-07-01 --to 2024-06-30
leavers() { # leavers PREFIX N LATE: the last LATE of them were removed after two days
	echo "person_id,effective_at,access_removed_at,devices_returned_at,badge_returned_at"
	i=0
	while [ $i -lt "$2" ]; do
		day=$(printf '2024-02-%02d' $((i + 1)))
		removed=${day}T18:00:00Z
		[ $i -lt $(($2 - $3)) ] || removed=2024-02-28T18:00:00Z
		echo "hr:$1$i,${day}T12:00:00Z,$removed,${day}T12:00:00Z,${day}T12:00:00Z"
		i=$((i + 1))
	done
}
leavers p 20 2 >"$work/p.csv"
leavers s 3 1 >"$work/s.csv"
cat >"$work/scope.yaml" <<'Y'
kind: scope
organization: Test
system: Test
categories: [security]
period: {from: 2023-07-01, to: 2024-06-30}
instances: {"csv:termination": [production], "csv:account": [production]}
Y
expect 0 "departures of the system" "20 new" tm ingest csv:termination "$work/p.csv" --instance production --covers 2023-07-01..2024-06-30
expect 0 "are sound but for two" "Tested 20: 2 deviations" tm test --control IAM-04
expect 0 "departures of a staging tenant" "3 new" tm ingest csv:termination "$work/s.csv" --instance staging
expect 0 "are tested with them" "Tested 23: 3 deviations" tm test --control IAM-04
expect 0 "until the scope names its instances" "1 changed" tm apply "$work/scope.yaml"
expect 0 "then they are left out" "Tested 20: 2 deviations" tm test --control IAM-04
expect 0 "with that reason, counted" "3 items from csv:termination / staging, not in scope: left out" tm test --control IAM-04
expect 0 "and their file covers nothing" "csv:termination / staging: 3 records; not in scope" tm status
expect 0 "the others' does" "366 of 366 days covered" tm status

# Listings: an account that both list is tested by what production says of it.
printf 'system,account_id,login_name,person_id,mfa_enabled,privileged,status,kind\nshop,1,ann,hr:p1,true,false,active,human\nshop,2,bob,hr:p2,true,false,active,human\n' >"$work/a.csv"
printf 'system,account_id,login_name,person_id,mfa_enabled,privileged,status,kind\nshop,2,bob,,false,true,active,human\nshop,3,test,,false,true,active,human\n' >"$work/b.csv"
expect 0 "a listing of accounts" "2 new" tm ingest csv:account "$work/a.csv" --instance production --extracted-at 2024-03-01
expect 0 "and one of the staging tenant" "2 new" tm ingest csv:account "$work/b.csv" --instance staging --extracted-at 2024-03-01
expect 0 "who has no person in staging only is left out" "1 item from csv:account / staging, not in scope" tm test --control IAM-01
expect 0 "nobody else deviates" "Tested 2, each once, over 2 extractions: 0 deviations" tm test --control IAM-01

key=$(tm items termination --json --limit 100 | grep '"hr:p19"' | sed 's/.*"key":\(\[[^]]*\]\).*/\1/')
exclusion() { # exclusion NAME WHICH UNTIL
	printf 'kind: exclusion\nname: %s\npopulation: termination\n%s\ntests: [IAM-04]\nreason: by order of the court\napproved_by: email:counsel@example.com\napproved_on: 2024-03-01\nuntil: %s\n' "$1" "$2" "$3"
}
exclusion court "keys: [$key]" 2024-12-31 >"$work/x.yaml"
expect 0 "an exclusion" "+ exclusion court" tm apply "$work/x.yaml"
expect 0 "takes the item out" "Tested 19: 1 deviation" tm test --control IAM-04
expect 0 "and says that it would deviate, and who approved it" "1 item left out by the exclusion court (1 would deviate): by order of the court" tm test --control IAM-04
expect 0 "the result's entry has it" '"exclusion":"court"' tm test --control IAM-04 --json
expect 0 "with the item" '"keys":[{"deviates":true,"key":["' tm test --control IAM-04 --json
expect 0 "status lists it" "email:counsel@example.com" tm status
exclusion court "keys: [$key]" 2024-05-31 >"$work/x.yaml"
expect 0 "one that ends within the period" "~ exclusion court" tm apply "$work/x.yaml"
expect 0 "holds no longer at its end" "Tested 20: 2 deviations" tm test --control IAM-04
expect 0 "which is work to do" "the exclusion court ended on 2024-05-31" tm status
exclusion court "where: devices_returned_at = null" 2024-12-31 >"$work/x.yaml"
expect 0 "by a condition" "~ exclusion court" tm apply "$work/x.yaml"
expect 0 "that takes none" "Tested 20: 2 deviations" tm test --control IAM-04
exclusion court "where: devices_returned_at != null" 2024-12-31 >"$work/x.yaml"
expect 0 "by one" "~ exclusion court" tm apply "$work/x.yaml"
expect 0 "that takes all leaves nothing to test, and no pass" "No occurrences" tm test --control IAM-04
expect 0 "the report has the exclusion's words" "management's draft" tm report --out "$work/r.pdf"
exclusion court "keys: [$key]" 2024-12-31 >"$work/x.yaml"
tm apply "$work/x.yaml" >/dev/null
tm report --out "$work/r.pdf" >"$work/out" 2>&1 && pdftotext -layout "$work/r.pdf" "$work/r.txt"
expect 0 "in print as well" "left out by the exclusion court" cat "$work/r.txt"
expect 0 "a bundle" "discloses" tm bundle --out "$work/b.zip"
expect 0 "is performed again with it" "0 differ" "$tickmark" verify "$work/b.zip" --reperform

refused() { # refused NAME WORDS SED : the exclusion changed so, and what is said
	sed "$3" "$work/x.yaml" >"$work/wrong.yaml"
	expect 2 "$1" "$2" tm apply "$work/wrong.yaml"
}
refused "without a reason" 'needs "reason"' '/^reason/d'
refused "without who approved it" 'needs "approved_by"' '/^approved_by/d'
refused "without an end" 'needs "until"' '/^until/d'
refused "with an end before its beginning" 'needs "until"' 's/^until:.*/until: 2024-02-01/'
refused "of no population" 'needs "population"' 's/^population:.*/population: nothing/'
refused "of no item" 'needs "where"' '/^keys/d'
refused "with half a key" 'a key is the list' 's/^keys:.*/keys: [[x]]/'
refused "for a test that there is not" "no such test of this population" 's/^tests:.*/tests: [CHG-01]/'
refused "with a condition that does not check" "wrong.yaml:4:" 's/^keys:.*/where: "effective_at = 3"/'
refused "with one that looks elsewhere" "no exists() and count()" 's/^keys:.*/where: "exists(login: person_id = this.person_id)"/'
refused "with what it does not take" "an exclusion takes" 's/^reason:/because:/'
sed 's/production\]/{}]/' "$work/scope.yaml" >"$work/wrong.yaml"
expect 2 "an instance is a name" "an instance is a name" tm apply "$work/wrong.yaml"

# The approver of a grant is who it is for: an address in one field, a login in the other, one person by a rule or by hand.
cat >"$work/same.yaml" <<'Y'
kind: identity
same: ["email:ann@example.com", "github.login:ann-a"]
reason: staff list
Y
printf 'person_id,worker_type\nemail:ann@example.com,employee\nemail:bob@example.com,employee\nemail:carl@example.com,employee\n' >"$work/person.csv"
printf 'grant_id,system,person_id,requested_by,approved_by,approved_at,granted_at,granted_by\n1,shop,email:ann@example.com,email:ann@example.com,email:bob@example.com,2024-02-01T10:00:00Z,2024-02-01T11:00:00Z,email:carl@example.com\n2,shop,email:ann@example.com,email:ann@example.com,github.login:ann-a,2024-02-01T10:00:00Z,2024-02-01T11:00:00Z,email:carl@example.com\n' >"$work/grants.csv"
expect 0 "people" "3 new" tm ingest csv:person "$work/person.csv" --extracted-at 2024-03-01
expect 0 "grants" "2 new" tm ingest csv:access_grant "$work/grants.csv" --covers 2023-07-01..2024-06-30
tm test --control IAM-03 >"$work/before"
expect 0 "a login that nobody knows cannot be told from the beneficiary" "meets 1, deviates 0, not determinable 1" grep -A3 "^  D" "$work/before"
expect 0 "once both are one person" "1 join" tm apply "$work/same.yaml"
tm test --control IAM-03 >"$work/after"
expect 0 "the approver is the beneficiary" "meets 1, deviates 1, not determinable 0" grep -A3 "^  D" "$work/after"
done_testing
