#!/bin/sh
# A verifier in another language, written from docs/formats/ alone, and Tickmark's own say the same of sound bundles and of forged ones.
# independent.sh TICKMARK BUNDLE-EDIT FLIP : prints TAP.
set -u
tickmark=$1 edit=$2 flip=$3
here=$(cd "$(dirname "$0")" && pwd)
case $edit in /*) ;; *) edit=$PWD/$edit ;; esac
case $flip in /*) ;; *) flip=$PWD/$flip ;; esac
. "$here/../cli/tap.sh"
python=
for p in python3 /usr/bin/python3; do
	[ -z "$python" ] && "$p" -c 'import cryptography.hazmat.primitives.ciphers.aead' 2>/dev/null && python=$p
done
[ -n "$python" ] || { echo "1..0 # SKIP python3-cryptography is not installed"; exit 0; }
stranger() { (cd / && "$python" "$here/verify_bundle.py" "$@"); }

expect 0 "an organization" "is ready" "$tickmark" init "$work/org" --name "Example & Söhne" --from 2024-01-01 --to 2024-12-31
commits a 600 >"$work/a.jsonl"
cat >"$work/okta.jsonl" <<'J'
{"uuid":"a1","published":"2024-02-01T08:00:00Z","eventType":"user.session.start","actor":{"id":"00u1","type":"User","alternateId":"Ann@Example.com","displayName":"Ann \"Annie\" \u00c5s"},"client":{"ipAddress":"192.0.2.77"},"outcome":{"result":"SUCCESS"},"target":[]}
{"uuid":"a2","published":"2023-02-01T09:00:00Z","eventType":"user.session.start","actor":{"id":"00u2","type":"User","alternateId":"zoe@example.com","displayName":"Zoe"},"client":{"ipAddress":"192.0.2.78"},"outcome":{"result":"FAILURE"},"target":[]}
J
head -c 90000 /dev/zero | tr '\0' 'x' >"$work/long"
printf '{"repo":"a/b","commit":"big","parents":["p"],"author":"ann","committer":"y","commit_date":"2024-02-01T00:00:00+00:00","subject":"%s"}\n' "$(cat "$work/long")" >>"$work/a.jsonl"
head -c 1500000 /dev/zero | tr '\0' 'y' >"$work/long"
{ printf '{"repo":"a/b","commit":"huge","parents":["p"],"author":"ann","committer":"y","commit_date":"2024-02-01T00:00:00+00:00","subject":"'; cat "$work/long"; printf '"}\n'; } >>"$work/a.jsonl"
expect 0 "records, also of several chunks, and an object" "602 new" tm ingest git.log "$work/a.jsonl" --covers 2024-01-01..2024-12-31
expect 0 "records that are cut" "2 new" tm ingest okta.system_log "$work/okta.jsonl" --covers 2024-01-01..2024-12-31
tm checkpoint --request "$work/q" >/dev/null
expect 0 "a bundle" "discloses" tm bundle --out "$work/a.zip"
vkey=$(tm verify --json | sed 's/.*"vkey":"\([^"]*\)".*/\1/')
expect 0 "is sound to the other" "INTACT" stranger "$work/a.zip"
expect 0 "under the key that one has from elsewhere" "INTACT" stranger "$work/a.zip" --vkey "$vkey"
ours=$("$tickmark" verify "$work/a.zip" | sed -n 's/^\([0-9]*\) records are disclosed.*/\1/p')
expect 0 "both opened as many records" "$ours of them disclosed and opened" stranger "$work/a.zip"
stranger "$work/a.zip" --find "Ann@Example.com" >"$work/out"
if head -n 1 "$work/out" | grep -qx found; then ok "it reads whom the records name"; else not_ok "it reads whom the records name"; fi
stranger "$work/a.zip" --find "zoe@example.com" >"$work/out"
if head -n 1 "$work/out" | grep -qx "not found"; then ok "nobody who is named outside of the period alone"; else not_ok "nobody who is named outside of the period alone"; fi
expect 0 "a bundle without people" "stay sealed" tm bundle --out "$work/w.zip" --without-people
expect 0 "is sound as well" "INTACT" stranger "$work/w.zip"
for word in "Ann@Example.com" "ann@example.com" Annie 192.0.2.77 "zoe@example.com" 192.0.2.78; do
	stranger "$work/w.zip" --find "$word" >"$work/out"
	if head -n 1 "$work/out" | grep -qx "not found"; then ok "without $word anywhere in what it opens"; else not_ok "without $word anywhere in what it opens"; fi
done

"$tickmark" init "$work/other" --name "Example & Söhne" --from 2024-01-01 --to 2024-12-31 >/dev/null
"$tickmark" -C "$work/other" ingest git.log "$work/a.jsonl" --covers 2024-01-01..2024-12-31 >/dev/null
"$tickmark" -C "$work/other" bundle --out "$work/o.zip" >/dev/null
expect 0 "all of it signed anew with another key agrees with itself" "INTACT" stranger "$work/o.zip"
expect 1 "and not with the key from elsewhere" "not signed with the ledger's key" stranger "$work/o.zip" --vkey "$vkey"
expect 1 "which ours says too" "NOT INTACT" "$tickmark" verify "$work/o.zip" --vkey "$vkey"

e=$(tm items change --json --limit 3 | sed -n '1s/.*"entry":\([0-9]*\).*/\1/p')
forged() { # forged OPERATION… : both refuse it
	"$edit" "$work/a.zip" "$work/f.zip" "$@" || echo "# the forgery failed: $*"
	stranger "$work/f.zip" >"$work/out" 2>&1
	theirs=$?
	"$tickmark" verify "$work/f.zip" >>"$work/out" 2>&1
	ours=$?
	if [ $theirs -eq 1 ] && [ $ours -eq 1 ]; then ok "both refuse: $*" ; else not_ok "both refuse: $*"; fi
}
forged drop "$e"
forged swap "$e" $((e + 1))
forged replace definitions/control/CHG-01.json CHG-01 CHG-99
forged replace results/CHG-01.T1.json '"deviating":0' '"deviating":1'
forged replace report.json '"tested":0' '"tested":4'
forged replace report.pdf PDF-1 PDF-2
forged replace index.html Management Auditor
forged replace bundle.json '"withheld":[]' '"withheld":["login"]'
forged replace bundle.json '"to":"2024-12-31"' '"to":"2024-12-30"'
forged remove report.pdf
forged remove tile/0/000
forged remove definitions/control/CHG-01.json
forged add zz.txt hello
forged move tile/entries/000 1 2
forged replace checkpoint "$(unzip -p "$work/a.zip" checkpoint | sed -n 2p)" 9
bad=0 i=0 size=$("$flip" "$work/a.zip" size)
while [ $i -lt 40 ]; do
	pick "$size"
	cp "$work/a.zip" "$work/f.zip"
	"$flip" "$work/f.zip" "$picked" $((1 << (i % 8)))
	stranger "$work/f.zip" >"$work/out" 2>&1
	theirs=$?
	"$tickmark" verify "$work/f.zip" >"$work/out2" 2>&1 && { bad=$((bad + 1)); echo "# ours takes byte $picked"; }
	# zip headers have fields that readers pass over: then what is read must be the same
	[ $theirs -ne 0 ] || "$python" -c 'import sys, zipfile
a, b = (zipfile.ZipFile(p) for p in sys.argv[1:])
sys.exit(a.namelist() != b.namelist() or any(a.read(n) != b.read(n) for n in a.namelist()))' "$work/a.zip" "$work/f.zip" || {
		bad=$((bad + 1))
		echo "# theirs takes byte $picked"
	}
	i=$((i + 1))
done
if [ $bad -eq 0 ]; then ok "40 flipped bytes, each refused"; else not_ok "40 flipped bytes, each refused"; fi
done_testing
