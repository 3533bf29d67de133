#!/bin/sh
# Time stamps over the head, by an authority made here with openssl: asked for, kept, checked ever after, in report and bundle.
# stamps.sh TICKMARK FLIP : prints TAP.
set -u
tickmark=$1 flip=$2
case $flip in /*) ;; *) flip=$PWD/$flip ;; esac
. "$(dirname "$0")/tap.sh"
command -v openssl >/dev/null || { echo "1..0 # SKIP openssl is not installed"; exit 0; }

# An authority and one that nobody trusts: a root, and under it a certificate for time stamps.
authority() { # authority NAME
	mkdir "$work/$1" && cat >"$work/$1/c.cnf" <<C
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[tsa]
basicConstraints = critical, CA:false
extendedKeyUsage = critical, timeStamping
[t]
default_tsa = t1
[t1]
serial = $work/$1/serial
signer_cert = $work/$1/tsa.pem
certs = $work/$1/root.pem
signer_key = $work/$1/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
accuracy = secs:1
C
	(cd "$work/$1" && echo 01 >serial &&
		openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 3650 -subj "/CN=$1 root" -config c.cnf -extensions root &&
		openssl req -new -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj "/O=$1/CN=$1 time stamps" -config c.cnf &&
		openssl x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -out tsa.pem -days 3650 -extfile c.cnf -extensions tsa) >"$work/out" 2>&1
}
answer() { # answer NAME REQUEST OUT
	openssl ts -reply -queryfile "$2" -out "$3" -config "$work/$1/c.cnf" -section t1 >"$work/out" 2>&1
}
if authority good && authority other; then ok "two authorities"; else not_ok "two authorities"; fi

expect 0 "an organization" "is ready" "$tickmark" init "$work/org" --name Test --from 2024-01-01 --to 2024-12-31
commits a 300 >"$work/a.jsonl"
expect 0 "with records" "300 new" tm ingest git.log "$work/a.jsonl" --covers 2024-01-01..2024-12-31
tm checkpoint --out "$work/head" >"$work/out" 2>&1
if [ -s "$work/head" ] && [ "$(tm checkpoint)" = "$(cat "$work/head")" ]; then ok "the same that is printed"; else not_ok "the same that is printed"; fi
expect 0 "a time stamp is asked for" "Send it to an authority" tm checkpoint --request "$work/q.tsq"
expect 0 "openssl reads the request" "Hash Algorithm: sha256" openssl ts -query -in "$work/q.tsq" -text
expect 0 "it asks for certificates" "Certificate required: yes" openssl ts -query -in "$work/q.tsq" -text
if answer good "$work/q.tsq" "$work/a.tsr"; then ok "the authority answers"; else not_ok "the authority answers"; fi
expect 0 "before it is kept all is well" "INTACT" "$tickmark" verify "$work/org"
commits b 100 >"$work/b.jsonl"
expect 0 "meanwhile the ledger grows" "100 new" tm ingest git.log "$work/b.jsonl"
expect 2 "an answer from somebody else than one trusts is told" "does not lead to" tm checkpoint --token "$work/a.tsr" --tsa "$work/other/root.pem"
expect 2 "it is there already, then" "is kept already" tm checkpoint --token "$work/a.tsr"
expect 0 "verify tells of it" "stood as they are at 20" "$tickmark" verify "$work/org"
expect 0 "and that nobody vouched for its certificate" "give --tsa FILE" "$tickmark" verify "$work/org"
expect 0 "with its root it is trusted" "says good time stamps, whom you trust" "$tickmark" verify "$work/org" --tsa "$work/good/root.pem"
expect 0 "with another's it is not" "who is none of those whom you trust" "$tickmark" verify "$work/org" --tsa "$work/other/root.pem"
expect 0 "as JSON" '"trusted":true' "$tickmark" verify "$work/org" --tsa "$work/good/root.pem" --json

# What is kept is no more than what openssl can check itself.
cat "$work/org"/anchors/*.checkpoint >"$work/stamped"
expect 0 "openssl agrees" "Verification: OK" openssl ts -verify -in "$work/org"/anchors/*.tst -token_in -data "$work/stamped" -CAfile "$work/good/root.pem"

# A second one, from another authority, over a later head.
expect 0 "another is asked for" "Send it" tm checkpoint --request "$work/q2.tsq"
answer other "$work/q2.tsq" "$work/a2.tsr"
expect 0 "and kept" "says other time stamps" tm checkpoint --token "$work/a2.tsr" --tsa "$work/other/root.pem"

# Not everything is a time stamp.
printf 'not one' >"$work/junk"
expect 2 "junk" "neither a time stamp" tm checkpoint --token "$work/junk"
head -c 200000 /dev/zero >"$work/large"
tm checkpoint --token "$work/large" >"$work/out" 2>&1
if [ $? -ge 2 ]; then ok "too much of it"; else not_ok "too much of it"; fi
echo something >"$work/else"
openssl ts -query -data "$work/else" -sha256 -cert -out "$work/q3.tsq" >/dev/null 2>&1
answer good "$work/q3.tsq" "$work/a3.tsr"
expect 2 "a stamp over something else" "over something else" tm checkpoint --token "$work/a3.tsr"
openssl ts -query -data "$work/stamped" -sha512 -cert -out "$work/q4.tsq" >/dev/null 2>&1
answer good "$work/q4.tsq" "$work/a4.tsr"
expect 2 "a refusal" "did not grant" tm checkpoint --token "$work/a4.tsr"
openssl ts -query -data "$work/stamped" -sha256 -out "$work/q5.tsq" >/dev/null 2>&1
answer good "$work/q5.tsq" "$work/a5.tsr"
expect 2 "one without certificates" "brings no certificate" tm checkpoint --token "$work/a5.tsr"
when=$("$tickmark" verify "$work/org" --json | sed 's/.*"stamps":\[{"at":"\([^"]*\)","authority":"good.*/\1/')
bad=0 i=0 size=$(wc -c <"$work/a.tsr")
while [ $i -lt 60 ]; do          # an altered byte is refused, or stands where nothing is signed and says nothing else
	pick "$size"
	cp "$work/a.tsr" "$work/f.tsr"
	"$flip" "$work/f.tsr" "$picked" $((1 << (i % 8)))
	tm checkpoint --token "$work/f.tsr" >"$work/out" 2>&1
	[ $? -eq 2 ] || grep -qF "stood at $when, says good time stamps" "$work/out" || { bad=$((bad + 1)); echo "# byte $picked"; sed 's/^/# /' "$work/out" | head -n 3; }
	i=$((i + 1))
done
if [ $bad -eq 0 ]; then ok "an altered answer never says something else"; else not_ok "an altered answer never says something else"; fi

# In the report, and in a bundle that a stranger checks.
expect 0 "a report" "management's draft" tm report --out "$work/r.pdf"
pdftotext -layout "$work/r.pdf" "$work/r.txt"
tr -s ' \n' ' ' <"$work/r.txt" >"$work/r.flat"
expect 0 "names both" "Time stamp: good time stamps says that the first" cat "$work/r.flat"
expect 0 "the later as well" "Time stamp: other time stamps says that the first" cat "$work/r.flat"
expect 0 "a bundle" "discloses" tm bundle --out "$work/b.zip"
expect 0 "carries them" "says good time stamps, whom you trust" "$tickmark" verify "$work/b.zip" --tsa "$work/good/root.pem"
expect 0 "and is performed again, its report too" "made again, is the same" "$tickmark" verify "$work/b.zip" --reperform

# Kept ones are part of what verify looks at.
token=$(ls "$work/org/anchors" | grep tst | head -n 1) head=$(ls "$work/org/anchors" | grep checkpoint | head -n 1)
for file in "$token" "$head"; do
	cp "$work/org/anchors/$file" "$work/kept"
	"$flip" "$work/org/anchors/$file" 100 4
	expect 1 "an altered byte in $file is named" "anchors/" "$tickmark" verify "$work/org"
	cp "$work/kept" "$work/org/anchors/$file"
done
mv "$work/org/anchors/$head" "$work/kept"
expect 1 "a stamp without its head is named" "the head that it is over is not there" "$tickmark" verify "$work/org"
mv "$work/kept" "$work/org/anchors/$head"
echo x >"$work/org/anchors/x"
expect 1 "so is a stranger beside them" "nothing that Tickmark wrote" "$tickmark" verify "$work/org"
rm "$work/org/anchors/x"
expect 0 "with all of it back it is sound" "INTACT" "$tickmark" verify "$work/org"
done_testing
