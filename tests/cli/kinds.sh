#!/bin/sh
# Files of kinds that no source has: each gets a refusal that says what it seems to be and what to do, or a proposal that can be
# tried; never an item, and never a word that helps nobody.  kinds.sh TICKMARK : prints TAP.
set -u
tickmark=$1
. "$(dirname "$0")/tap.sh"
f=$work/f
mkdir "$f"
expect 0 "an organization" "is ready" "$tickmark" init "$work/org" --name Test --from 2024-01-01 --to 2024-12-31
before=$(tm verify --json | sed 's/.*"entries":\([0-9]*\).*/\1/')

{ printf '%%PDF-1.7\n%%\342\343\317\323\n'; head -c 3000 /dev/zero | tr '\0' 'x'; } >"$f/a.pdf"
{ printf '\211PNG\r\n\032\n'; head -c 500 /dev/zero; } >"$f/b.png"
{ printf '\377\330\377\340'; head -c 500 /dev/zero; } >"$f/c.jpg"
cp /bin/true "$f/d.elf"
{ printf '\324\303\262\241\002\000\004\000'; head -c 100 /dev/zero; } >"$f/e.pcap"
{ printf 'SQLite format 3\000'; head -c 100 /dev/zero; } >"$f/f.db"
{ printf 'PAR1'; head -c 100 /dev/zero; printf PAR1; } >"$f/g.parquet"
{ printf '\320\317\021\340\241\261\032\341'; head -c 600 /dev/zero; } >"$f/h.xls"
mkdir -p "$work/x/xl/worksheets" && echo '<Types/>' >"$work/x/[Content_Types].xml" && echo '<worksheet/>' >"$work/x/xl/worksheets/sheet1.xml"
(cd "$work/x" && "${PYTHON:-python3}" -c 'import shutil; shutil.make_archive("../f/i", "zip", ".")' && mv ../f/i.zip ../f/i.xlsx) 2>/dev/null || rm -f "$f/i.xlsx"

# Told by their first bytes: nothing is kept, and each message names the kind.
while read -r file words; do
	[ -e "$f/$file" ] || { ok "$file # SKIP it cannot be made here"; continue; }
	expect 2 "new: $file" "$words" "$tickmark" source new "$f/$file"
	expect 2 "ingest: $file" "$words" tm ingest git.log "$f/$file"
done <<'T'
a.pdf a PDF document
b.png a picture (PNG)
c.jpg a picture (JPEG)
d.elf a program (ELF)
e.pcap a capture of network packets
f.db an SQLite database
g.parquet Parquet
h.xls an old document of Office
i.xlsx a document of Office
T
after=$(tm verify --json | sed 's/.*"entries":\([0-9]*\).*/\1/')
if [ "$before" = "$after" ]; then ok "none of them left an entry"; else not_ok "none of them left an entry"; fi

# Text of other kinds: no proposal, with why; taken in as something else, each record is kept as rejected with its reason.
printf 'From: a@b.c\nTo: d@e.f\nSubject: Hello\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n\nBody.\n' >"$f/j.eml"
printf '[core]\n\tbare = false\n[remote "origin"]\n\turl = x\n' >"$f/k.ini"
printf 'CREATE TABLE a(b int);\nINSERT INTO a VALUES(1);\n' >"$f/l.sql"
printf '# Title\n\nSome *text*.\n\n- a list\n' >"$f/m.md"
printf '@article{x,\n  title = {A},\n}\n' >"$f/n.bib"
while read -r file words; do
	expect 2 "new: $file" "$words" "$tickmark" source new "$f/$file"
	expect 1 "ingest: $file" "none of its records could be read" tm ingest git.log "$f/$file"
done <<'T'
j.eml its lines are neither JSON nor rows of a table
k.ini it looks like settings in sections (INI)
l.sql its lines are neither JSON nor rows of a table
m.md its lines are neither JSON nor rows of a table
n.bib its lines are neither JSON nor rows of a table
T
printf '<!DOCTYPE html>\n<html><head><title>x</title></head><body><p>Hello</p></body></html>\n' >"$f/o.html"
printf '<?xml version="1.0"?>\n<doors><door id="1"><opened>2024-01-01T10:00:00Z</opened></door></doors>\n' >"$f/p.xml"
expect 2 "new: HTML" "it is XML or HTML" "$tickmark" source new "$f/o.html"
expect 2 "new: XML of an unknown kind" "it is XML or HTML" "$tickmark" source new "$f/p.xml"
printf '{"employees":[{"id":1,"shoe":43,"hat":"red"},{"id":2,"shoe":39,"hat":"blue"}],"total":2}' >"$f/q.json"
printf 'serial;colour;weight\nA1;red;3\nA2;blue;4\n' >"$f/r.csv"
for i in 1 2 3; do printf '{"metric":"cpu","value":0.%d,"host":"h1"}\n' $i; done >"$f/s.ndjson"
for file in q.json r.csv s.ndjson; do expect 2 "new: $file" "they fit no collection" "$tickmark" source new "$f/$file"; done

# And one that fits is proposed, and the proposal can be tried at once.
printf '{"pull_request":%d,"repository":"a/b","author":"ann","merged_at":"2024-01-02T03:04:05Z","approved_by":"bob","commit_sha":"a%d"}\n' 1 1 2 2 >"$f/t.ndjson"
expect 0 "new: merges of an unknown kind" "collection: change" "$tickmark" source new "$f/t.ndjson"
"$tickmark" source new "$f/t.ndjson" >"$work/t.yaml" 2>"$work/err"
expect 0 "the proposal reads the sample" "2 records" "$tickmark" source test "$work/t.yaml" "$f/t.ndjson"
printf 'PK\003\004broken' >"$f/u.zip"
: >"$f/v.empty"
head -c 3000 /dev/zero | tr '\0' '\1' >"$f/w.bin"
expect 2 "new: nothing" "it is empty" "$tickmark" source new "$f/v.empty"
expect 2 "new: no text" "it is no text" "$tickmark" source new "$f/w.bin"
"$tickmark" source new "$f/u.zip" >"$work/out" 2>&1
if [ $? -ge 2 ] && grep -q "u.zip" "$work/out"; then ok "new: a broken zip"; else not_ok "new: a broken zip"; fi
expect 0 "no item came of any of them" "0 items" tm items change
expect 0 "and all of it verifies" "INTACT" "$tickmark" verify "$work/org"
done_testing
