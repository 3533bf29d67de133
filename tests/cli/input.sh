#!/bin/sh
# What bad input gets: a message that says what and where, the exit status, whole records kept, nothing half done.
# input.sh TICKMARK prints TAP.
set -u
tickmark=$1
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
entries() { tm verify --json | sed 's/.*"entries":\([0-9]*\).*/\1/'; }
deep() { awk -v n="$2" -v c="$1" 'BEGIN { for (i = 0; i < n; i++) printf "%s", c }'; }
expect 0 "an organization" "is ready" "$tickmark" init "$work/org" --name T --from 2023-07-01 --to 2024-06-30 --zone Europe/Berlin
record() { printf '{"repo":"a/b","commit":"%s","parents":["p"],"author":"x","committer":"y","commit_date":"%s","subject":"%s"}\n' "$1" "$2" "$3"; }

# ---- packed files that end early or are damaged: what is whole is kept, the ingest says where it stopped
awk 'BEGIN { srand(7); for (i = 0; i < 3000; i++) printf "{\"repo\":\"a/b\",\"commit\":\"m%d\",\"parents\":[\"p\"],\"author\":\"p%d\",\"committer\":\"y\",\"commit_date\":\"2024-02-0%dT00:00:00+00:00\",\"subject\":\"s%d\"}\n", i, i % 50, i % 9 + 1, rand() * 1e9 }' >many.jsonl
gzip -c many.jsonl >whole.gz
zstd -q -c many.jsonl >whole.zst
for f in whole.gz whole.zst; do
	size=$(wc -c <$f)
	head -c $((size / 2)) $f >cut.$f
	expect 1 "a truncated ${f#whole.} archive" "is damaged at byte $((size / 2)) of the packed file: the file ends in the middle" tm ingest git.log cut.$f --covers 2024-02-01..2024-02-09
	cp $f bad.$f
	printf '\377\377\377\377' | dd of=bad.$f bs=1 seek=$((size * 3 / 4)) conv=notrunc 2>/dev/null
	expect 1 "a corrupt ${f#whole.} archive" "is damaged at byte" tm ingest git.log bad.$f --covers 2024-02-01..2024-02-09
done
closes() { # how the last ingest was closed
	last=$(($(entries) - 1))
	tm show "$last" --raw
}
head -c 20000 whole.zst >cut2.zst
tm ingest git.log cut2.zst --covers 2024-03-01..2024-03-31 >"$work/out" 2>&1
closes >"$work/close"
holds "the close entry says that it is not complete, and at which byte" sh -c "grep -q '\"complete\":false' '$work/close' && grep -q 'at byte 20000' '$work/close'"
covered() { # days that are covered, of the population of changes
	tm status | sed -n 's/^  change .* \([0-9]*\) of [0-9]* days covered.*/\1/p'
}
holds "an ingest that is not complete covers no day" [ "$(covered)" = 0 ]
tm ingest git.log whole.gz --covers 2024-02-01..2024-02-09 >"$work/out" 2>&1
holds "the whole file does" [ "$(covered)" = 9 ]
printf 'admins: [root]\nmembers: [ada, bob, eve]\nname: Acme\n' >org.yaml
expect 1 "two bytes of gzip" "the file ends in the middle" sh -c "printf '\\037\\213' >tiny.gz; '$tickmark' -C '$work/org' ingest git.log tiny.gz"
{ cat whole.gz; echo garbage; } >trail.gz
expect 1 "garbage behind an archive" "is damaged at byte" tm ingest git.log trail.gz

# ---- lines
{ record n1 2024-01-01T00:00:00Z one; record n2 2024-01-02T00:00:00Z two | tr -d '\n'; } >nolf.jsonl
expect 0 "a last line without its end is whole" "2 records, 2 new" tm ingest git.log nolf.jsonl
awk 'BEGIN { for (i = 0; i < 1700000; i++) printf "aaaaaaaaaa" }' >endless.jsonl
expect 1 "a line without end" "line 1, at byte 0, does not end within 16 MiB" tm ingest git.log endless.jsonl
{ record e1 2024-01-01T00:00:00Z one; cat endless.jsonl; } >endless2.jsonl
expect 1 "and the record before it is kept" "1 records, 1 new" tm ingest git.log endless2.jsonl
: >nothing.jsonl
expect 0 "a file with nothing in it" "0 records" tm ingest git.log nothing.jsonl

# ---- deep, not UTF-8, impossible
{ printf '{"x":'; deep '[' 10000; deep ']' 10000; printf '}\n'; record d1 2024-01-01T00:00:00Z one; } >deep.jsonl
expect 1 "JSON that is nested ten thousand deep is rejected and the next record kept" "2 records, 1 new, 0 known already, 1 rejected" tm ingest git.log deep.jsonl
{ printf 'kind: item\ncollection: vendor\nfields: '; deep '[' 10000; deep ']' 10000; echo; } >deep.yaml
expect 2 "YAML that is nested ten thousand deep names its place" "deep.yaml:3:" tm apply deep.yaml
expect 1 "as a listing it is rejected" "nested too deeply" tm ingest kubernetes.org deep.yaml --extracted-at 2024-01-01
{ record u1 2024-01-01T00:00:00Z "$(printf '\377\376')"; record u2 2024-01-01T00:00:00Z "$(printf '\355\240\200')"; record u3 2024-01-01T00:00:00Z fine; } >utf.jsonl
expect 1 "bytes that are no UTF-8, and surrogates, reject their record" "3 records, 1 new, 0 known already, 2 rejected" tm ingest git.log utf.jsonl
printf 'kind: parameter\nname: ack_days\nvalue: "\377"\n' >utf.yaml
expect 2 "in YAML they name their place" "utf.yaml:3:" tm apply utf.yaml
i=0
for d in 2024-02-30T00:00:00Z 2023-02-29T00:00:00Z 0000-00-00T00:00:00Z 2024-01-01T25:61:61Z 99999-01-01T00:00:00Z 2024-01-01T00:00:00+99:00; do
	i=$((i + 1))
	record "date$i" "$d" impossible >date.jsonl
	expect 0 "the date $d is kept as evidence" "1 new" tm ingest git.log date.jsonl
	expect 0 "and its item is undated, in doubt" "(in doubt)" tm show "change/a/b/date$i"
done

# ---- tables
printf 'person_id,effective_at,access_removed_at\nemail:a@b.c,2024-03-01T12:00:00Z,\nemail:d@b.c,2024-03-02T12:00:00Z,x"y\nemail:g@b.c,2024-03-02T12:00:00Z,2024-03-02T13:00:00Z\n' >quote.csv
expect 1 "a stray quote rejects its row and no other" "3 records, 2 new, 0 known already, 1 rejected" tm ingest csv:termination quote.csv
expect 1 "and says which cell" "cell 3 has a stray quote" sh -c "sed s/b.c/b.d/ quote.csv >quote2.csv; '$tickmark' -C '$work/org' ingest csv:termination quote2.csv"
printf 'person_id,effective_at,access_removed_at\nemail:h@b.c,2024-03-01T12:00:00Z,\n"email:i@b.c,2024-03-01T12:00:00Z,\n' >open.csv
expect 1 "a quoted cell that is never closed" "a quoted cell is never closed" tm ingest csv:termination open.csv
printf 'person_id,effective_at,access_removed_at\nemail:j@b.c,2024-03-01T12:00:00Z\nemail:k@b.c,2024-03-01T12:00:00Z,,more\nemail:l@b.c,2024-03-01T12:00:00Z,\n' >cells.csv
expect 1 "rows with a cell too few or too many" "the row has 2 cells and the header 3" tm ingest csv:termination cells.csv
printf 'person_id,shoe_size\nemail:a@b.c,44\n' >field.csv
before=$(entries)
expect 2 "a column that is no field" 'line 1: column 2, "shoe_size", is no field of "termination"' tm ingest csv:termination field.csv
printf 'person_id,person_id\nx,y\n' >twice.csv
expect 2 "a column that is there twice" 'line 1: columns 1 and 2 are both "person_id"' tm ingest csv:termination twice.csv
expect 2 "a table of no collection" 'there is no collection "shoes"' tm ingest csv:shoes field.csv

# ---- other files, other options
echo '[{"a":1}]' >other.json
expect 2 "a file of another source" "this is no record of cisa.kev" tm ingest cisa.kev other.json
expect 2 "a source that there is not" "tickmark sources lists them" tm ingest no.such other.json
expect 2 "a file that is not there" "there is no file gone.json" tm ingest git.log gone.json
expect 2 "a folder without files" "there are no files in" sh -c "mkdir -p empty; '$tickmark' -C '$work/org' ingest git.log empty"
expect 2 "the organization's own folder" "is the organization's own folder" tm ingest git.log "$work/org"
expect 2 "no file at all" "tickmark sources lists the sources" tm ingest git.log
expect 2 "a window that is none" "--covers takes FROM..TO" tm ingest git.log nolf.jsonl --covers 2024-01-01
expect 2 "a window of no such day" 'not "2024-02-30"' tm ingest git.log nolf.jsonl --covers 2024-02-30..2024-03-01
expect 2 "a window that ends before it begins" "ends before it begins" tm ingest git.log nolf.jsonl --covers 2024-03-01..2024-02-01
expect 2 "a time of reading that is none" '"yesterday"' tm ingest git.log nolf.jsonl --extracted-at yesterday
expect 2 "a listing without the time at which it was read" "--extracted-at" tm ingest kubernetes.org org.yaml
holds "all of these wrote nothing" [ "$(entries)" = "$before" ]

# ---- listings that are not complete
printf 'system,account_id,mfa_enabled\ns,a,true\ns,b,true\ns,c,false\n' >all.csv
{ cat all.csv; awk 'BEGIN { srand(3); for (i = 0; i < 1000; i++) printf "s,x%d%d,true\n", i, rand() * 1e9 }'; } | gzip -c | head -c 3000 >part.gz
full() { tm status --json | sed 's/.*"account":{"covered"[^}]*"full_extractions":\([0-9]*\).*/\1/'; }
expect 0 "a whole listing" "3 new" tm ingest csv:account all.csv --extracted-at 2024-01-01
holds "counts as full, and the one that was rejected does not" [ "$(full)" = 1 ]
expect 1 "one that breaks off" "NOT COMPLETE" tm ingest csv:account part.gz --extracted-at 2024-02-01
expect 0 "and one that is partial" "3 new" tm ingest csv:account all.csv --extracted-at 2024-03-01 --partial
holds "do not: they show of nobody that they are gone" [ "$(full)" = 1 ]

# ---- apply: one bad document, and nothing is applied
cat >good.yaml <<'Y'
kind: parameter
name: ack_days
value: 21
---
kind: item
collection: vendor
fields: {vendor_id: v1, tier: low}
Y
control() { # control EXPRESSION
	printf 'kind: control\nid: X-1\ntitle: t\nstatement: s\ntests:\n  - id: T1\n    population: %s\n    attributes: {A: "it is so"}\n    machine: {A: "%s"}\n' "$2" "$1" >control.yaml
}
mapping() { # mapping FIELD
	printf 'kind: mapping\nsource: my.source\ntitle: Mine\nshapes:\n  - reads: json\n    detect: [a]\nidentity: [a]\nitems:\n  - collection: change\n    fields:\n      change_id: {path: a}\n      %s: {path: b}\n' "$1" >mapping.yaml
}
before=$(entries)
mapping shoe_size
expect 2 "a mapping that names an unknown field says where" 'mapping.yaml:12:18: "change" has no field "shoe_size"' tm apply good.yaml mapping.yaml
expect 2 "and that nothing was applied" "nothing was applied" tm apply good.yaml mapping.yaml
control 'approved_by < author' change
expect 2 "an expression whose types do not fit" "control.yaml:9:31" tm apply good.yaml control.yaml
control 'approved_by = ' change
expect 2 "an expression that breaks off" "control.yaml:9:33: a field, a word, a number or a text was expected" tm apply control.yaml
control 'shoe_size = 3' change
expect 2 "an expression over an unknown field" 'control.yaml:9:19: "shoe_size" is no field of "change"' tm apply control.yaml
control 'approved_by != author' changes
expect 2 "a test of an unknown population" 'there is no population "changes"' tm apply control.yaml
printf 'kind: item\ncollection: vendor\nfields: {vendor_id: v1, tier: huge}\n' >word.yaml
expect 2 "a word that is none of its field's" "takes one of critical, important, low" tm apply good.yaml word.yaml
printf 'kind: nothing\n' >kind.yaml
expect 2 "a document of no kind that there is" "kind.yaml:1:1: a document needs \"kind\"" tm apply good.yaml kind.yaml
printf '\t- x: [\n' >broken.yaml
expect 2 "a file that is no YAML" "broken.yaml:1:1: this is no YAML" tm apply good.yaml broken.yaml
expect 2 "a file that is not there" "there is no file" tm apply good.yaml gone.yaml
mkdir -p folder && cp good.yaml folder/1.yaml && cp kind.yaml folder/2.yaml
expect 2 "a folder with one bad file" "folder/2.yaml:1:1" tm apply folder
holds "none of these wrote an entry" [ "$(entries)" = "$before" ]
holds "nor an item" sh -c "'$tickmark' -C '$work/org' items vendor | grep -qx '0 items'"
holds "nothing is said of what was not applied" sh -c "! '$tickmark' -C '$work/org' apply good.yaml kind.yaml 2>/dev/null | grep -q ."
expect 0 "the good file alone is applied" "1 changed, 0 as they were, 1 items" tm apply good.yaml
expect 2 "a condition that is none names its column" "--where:1:1" tm items change --where "shoe_size = 3"

# ---- no organization
mkdir -p plain
for c in sources "items change" "show 1" "ingest git.log nolf.jsonl" "apply good.yaml" test status "report --out r.pdf" checkpoint verify "prove 1" rebuild doctor; do
	# shellcheck disable=SC2086 # words on purpose
	expect 2 "$c in a folder that is no organization" "is not an organization" "$tickmark" -C plain $c
done
holds "and nothing is made there" sh -c "[ -z \"\$(ls -A plain)\" ] && [ ! -e plain.tickmark-key ]"
expect 2 "verify of a file that is none" "is not an organization" "$tickmark" verify nolf.jsonl
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null 2>&1 && chmod 0711 "$work" && [ "$(setpriv --reuid 65534 --clear-groups id -u 2>&1)" = 65534 ]; then
	chmod 0700 "$work/org"
	expect 3 "a folder that may not be read is told from one that is none" "Permission denied" setpriv --reuid 65534 --clear-groups "$tickmark" -C "$work/org" status
else
	skip "a folder that may not be read is told from one that is none" "this takes root"
fi

# ---- two at once
awk 'BEGIN { for (i = 0; i < 60000; i++) printf "{\"repo\":\"a/b\",\"commit\":\"two-%d\",\"parents\":[\"p\"],\"author\":\"p%d\",\"committer\":\"y\",\"commit_date\":\"2024-02-0%dT00:00:00+00:00\",\"subject\":\"s\"}\n", i, i % 500, i % 9 + 1 }' >big.jsonl
"$tickmark" -C "$work/org" ingest git.log big.jsonl --acks >first.out 2>&1 &
first=$!
while [ ! -s first.out ] && kill -0 $first 2>/dev/null; do sleep 0.01; done
tm ingest git.log nolf.jsonl >two.out 2>&1
[ $? -eq 3 ] || echo "not 3" >two.out
holds "the second process names the first" grep -q "is in use by process $first;" two.out
wait $first
status=$?
cp first.out "$work/out"
[ $status -eq 0 ] && [ "$(grep -c '^acked ' first.out)" -ge 60002 ] && ok "and the first is not disturbed" || not_ok "and the first is not disturbed"
expect 0 "after all of this nothing was altered" "INTACT" "$tickmark" verify "$work/org"
done_testing
