#!/bin/sh
# The server as browsers meet it: set-up, sign-in, each role at each address, and what nobody should be able to do.
# serve.sh TICKMARK JSON : prints TAP.
set -u
tickmark=$1 json=$2
. "$(dirname "$0")/tap.sh"
if ! command -v curl >/dev/null 2>&1; then echo "1..0 # SKIP no curl here"; exit 0; fi
end() { [ -n "${server:-}" ] && kill "$server" 2>/dev/null; rm -rf "$work"; }
trap end EXIT

expect 0 "an organization" "is ready" "$tickmark" init "$work/org" --name Test --from 2023-07-01 --to 2024-06-30
commits c 120 >"$work/c.jsonl"
expect 0 "with evidence" "120 new" tm ingest git.log "$work/c.jsonl" --covers 2024-02-01..2024-02-29
expect 2 "without TLS no network is listened on" "only a loopback address" tm serve --listen 0.0.0.0:0 --no-tls
expect 2 "an address must be one" "127.0.0.1:8443" tm serve --listen nowhere
expect 2 "a name is none" "no numeric address" tm serve --listen localhost:0
expect 2 "a certificate needs its key" "belong together" tm serve --listen 127.0.0.1:0 --tls-cert /dev/null

start() { # start NAME OPTION… : $url, $setup
	rm -f "$work/served"
	"$tickmark" -C "$work/org" serve --listen 127.0.0.1:0 --json "$@" >"$work/served" 2>"$work/served.err" </dev/null &
	server=$!
	k=0
	while [ ! -s "$work/served" ] && kill -0 "$server" 2>/dev/null && [ $k -lt 300 ]; do sleep 0.2; k=$((k + 1)); done
	url=$(sed 's/.*"url":"\([^"]*\)".*/\1/' "$work/served")
	setup=$(sed -n 's/.*"setup":"\([^"]*\)".*/\1/p' "$work/served")
	host=${url#*://}
	[ -s "$work/served" ]
}
stop() { kill -TERM "$server"; wait "$server"; }

# get JAR PATH, post JAR PATH FIELD… : $status, the answer in $work/out, its headers in $work/head
get() { jar=$1 path=$2; shift 2; status=$(curl -sk --path-as-is -o "$work/out" -D "$work/head" -w '%{http_code}' -b "$work/$jar" -c "$work/$jar" "$@" "$url$path"); }
post() {
	jar=$1 path=$2
	shift 2
	for f in "$@"; do set -- "$@" --data-urlencode "$f"; shift; done
	status=$(curl -sk -o "$work/out" -D "$work/head" -w '%{http_code}' -b "$work/$jar" -c "$work/$jar" -H "Origin: $url" "$@" "$url$path")
}
is() { # is NAME STATUS [WORDS]
	if [ "$status" = "$2" ] && grep -qF -- "${3:-}" "$work/out"; then ok "$1"; else
		echo "# status $status, wanted $2, and the words: ${3:-}"
		not_ok "$1"
	fi
}
hidden() { sed -n "s/.*name=\"$1\" value=\"\([^\"]*\)\".*/\1/p" "$work/out" | head -1; }
goes_to() { grep -qi "^location: $2.$" "$work/head" && ok "$1" || { cp "$work/head" "$work/out"; not_ok "$1"; }; }
# RFC 6238 by other means than the server's: otp SECRET STEPS-FROM-NOW
otp() {
	mac=$(printf '%016x' $(($(date +%s) / 30 + $2)) | xxd -r -p | openssl dgst -sha1 -mac HMAC \
		-macopt "hexkey:$(printf %s "$1" | base32 -d | xxd -p)" | sed 's/.* //')
	at=$((0x$(printf %s "$mac" | cut -c40) * 2 + 1))
	printf '%06d' $(((0x$(printf %s "$mac" | cut -c$at-$((at + 7))) & 0x7fffffff) % 1000000))
}
secret() { sed -n 's/.*<p class="mono">\([A-Z2-7]*\)<.*/\1/p' "$work/out"; }
password='a long enough sentence'
# account JAR SET-UP-ADDRESS EMAIL : through set-up and authenticator; the secret stays in $work/JAR.secret
account() {
	get "$1" "${2#"$url"}"
	post "$1" /set-up "token=$(hidden token)" "name=Some $1" "email=$3" "password=$password"
	get "$1" /enrol
	secret >"$work/$1.secret"
	post "$1" /enrol "csrf=$(hidden csrf)" "code=$(otp "$(cat "$work/$1.secret")" 0)"
	cp "$work/out" "$work/$1.codes"
}

start --no-tls && ok "it listens" || { cp "$work/served.err" "$work/out"; not_ok "it listens"; }
get none /healthz; is "it is well" 200 ok
for h in "content-security-policy: default-src 'none'" "x-content-type-options: nosniff" "referrer-policy: no-referrer" \
	"cache-control: no-store" "x-request-id: "; do grep -qi "^$h" "$work/head" || echo "$h"; done >"$work/missing"
[ ! -s "$work/missing" ] && ok "its answers have the headers that guard them" || { cp "$work/missing" "$work/out"; not_ok "its answers have the headers that guard them"; }
get none /metrics; is "its counters are Prometheus text" 200 "tickmark_ledger_entries"
get none /api/v1/openapi.json
"$json" one <"$work/out" >/dev/null 2>&1 && grep -qF '"/controls/{id}"' "$work/out" && ok "the API describes itself" || not_ok "the API describes itself"
expect 0 "reading goes on beside it" "CHG-01" tm status
expect 3 "a second writer is told who has the folder" "" tm serve --listen 127.0.0.1:0 --no-tls

# ---- the first administrator
get none "/set-up?token=wrong"; is "set-up needs its token" 404 "used already"
get admin "${setup#"$url"}"; is "the first start has a page for the first administrator" 200 "Administrator"
post admin /set-up "token=$(hidden token)" "name=Ada" "email=ada@example.com" "password=short"
is "a short password is refused, and what was typed stays" 422 'value="ada@example.com"'
post admin /set-up "token=$(hidden token)" "name=<b>Ada" "email=Ada@Example.com" "password=$password"
goes_to "then comes the authenticator" /enrol
get admin /; goes_to "before it nothing is open" /sign-in
get admin /enrol; is "it is a picture and a key" 200 "<svg"
secret >"$work/admin.secret"; csrf=$(hidden csrf)
post admin /enrol "csrf=$csrf" "code=000000"; is "a wrong code is refused" 422 "The code is wrong"
code=$(otp "$(cat "$work/admin.secret")" 0)
post admin /enrol "csrf=nonsense" "code=$code"; is "so is the right one from another page" 403 "Not from one of our pages"
post admin /enrol "csrf=$csrf" "code=$code"; is "the right one lets in, and gives recovery codes" 200 "Keep your recovery codes"
recovery=$(sed -n 's/.*<ul class="mono"><li>\([a-z2-7]*\)<.*/\1/p' "$work/out")
get admin /; is "home is open" 200 "What to do next"
grep -q "&lt;b&gt;Ada" "$work/out" && ! grep -q "<b>Ada" "$work/out" && ok "what people type is text" || not_ok "what people type is text"
get none "${setup#"$url"}"; is "the set-up link worked once" 404 "used already"

# ---- signing in
post again /sign-in "email=ada@example.com" "password=wrong wrong wrong"; is "a wrong password" 422 "E-mail or password is wrong"
post again /sign-in "email=nobody@example.com" "password=$password"; is "and nobody's address say the same" 422 "E-mail or password is wrong"
post again /sign-in "email=ADA@example.com " "password=$password"; goes_to "the right one asks for a code" /sign-in/code
get again /; goes_to "and opens nothing yet" /sign-in
get again /sign-in/code; csrf=$(hidden csrf)
post again /sign-in/code "csrf=$csrf" "code=$code"; is "the code that was used does not count again" 422 "used already"
next=$(otp "$(cat "$work/admin.secret")" 1)
before=$(grep session "$work/again" | cut -f7)
post again /sign-in/code "csrf=$csrf" "code=$next"; goes_to "a new one does" /
[ "$(grep session "$work/again" | cut -f7)" != "$before" ] && ok "the session is another one then" || not_ok "the session is another one then"
get again /; is "and home is open" 200 "What to do next"
printf '127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\t%s\n' "$before" >"$work/old"
get old /; goes_to "the session from before is over" /sign-in
printf '127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\t%s\n' AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA >"$work/forged"
get forged /; goes_to "a forged cookie is nobody's" /sign-in
post third /sign-in "email=ada@example.com" "password=$password"; get third /sign-in/code; csrf=$(hidden csrf)
post third /sign-in/code "csrf=$csrf" "code=$next"; is "nor does a code count in another session" 422 "used already"
post third /sign-in/code "csrf=$csrf" "code=$recovery"; goes_to "a recovery code lets in" /
post fourth /sign-in "email=ada@example.com" "password=$password"; get fourth /sign-in/code
post fourth /sign-in/code "csrf=$(hidden csrf)" "code=$recovery"; is "once" 422 "used already"
get third /; post third /sign-out "csrf=$(hidden csrf)"; goes_to "signing out" /sign-in
get third /; goes_to "ends the session" /sign-in
k=0; while [ $k -lt 7 ]; do post guess /sign-in "email=ada@example.com" "password=guess number $k"; k=$((k + 1)); done
is "whoever guesses is slowed" 429 "Too many tries"
grep -qi '^retry-after: [0-9]' "$work/head" && ok "and told for how long" || not_ok "and told for how long"
grep device "$work/again" >"$work/known"
post known /sign-in "email=ada@example.com" "password=$password"; goes_to "a device that was here before is not" /sign-in/code

# ---- every role at every address: the answer to nobody, then to each role in this order
roles="administrator compliance_manager control_owner manager employee auditor guest"
for role in $roles; do
	[ $role = administrator ] && { cp "$work/admin" "$work/administrator"; continue; }
	get admin /users
	post admin /users/invite "csrf=$(hidden csrf)" "email=$role@example.com" "role=$role"
	link=$(sed -n 's/.*<span class="mono">\(http[^<]*\)<.*/\1/p' "$work/out")
	account $role "$link" "other@example.com"
	grep -q "Keep your recovery codes" "$work/out" || { not_ok "an account for $role"; continue; }
done
get admin /users
for role in $roles; do [ $role = administrator ] || grep -qF "<td>$role@example.com</td>" "$work/out" || echo "$role"; done >"$work/missing"
[ ! -s "$work/missing" ] && ok "each role has a user, with the address that was invited" || not_ok "each role has a user, with the address that was invited"
get admin "/populations/change"; key=$(sed -n 's/.*class="id" href="\([^"]*\)".*/\1/p' "$work/out" | head -1)
get admin /controls; control=$(sed -n 's/.*class="id" href="\([^"]*\)".*/\1/p' "$work/out" | head -1)
reach() { # reach PATH STATUS…
	address=$1 bad=
	shift
	for who in none $roles; do
		get $who "$address"
		[ "$status" = "$1" ] || bad="$bad $who:$status"
		shift
	done
	[ -z "$bad" ] && ok "each role at $address" || { echo "# not these:$bad" >"$work/out"; not_ok "each role at $address"; }
}
reach / 303 200 200 200 200 200 200 200
reach /controls 303 200 200 200 200 403 403 403
reach "$control" 303 200 200 200 200 403 403 403
reach /populations 303 200 200 200 200 403 403 403
reach /populations/change 303 200 200 200 403 403 403 403
reach "$key" 303 200 200 200 403 403 403 403
reach /users 303 200 403 403 403 403 403 403
reach /populations/user 303 200 403 403 403 403 403 403
reach /api/v1/readiness 401 200 200 200 200 200 200 200
reach /api/v1/controls 401 200 200 200 200 403 403 403
reach "/api/v1$control" 401 200 200 200 200 403 403 403
reach /api/v1/populations 401 200 200 200 200 403 403 403
reach /api/v1/populations/change 401 200 200 200 403 403 403 403
reach "/api/v1$key" 401 200 200 200 403 403 403 403
reach /api/v1/users 401 200 403 403 403 403 403 403
for role in auditor employee guest; do
	get $role /api/v1/readiness
	grep -q '"none":true' "$work/out" && ! grep -q criteria "$work/out" || echo "$role"
done >"$work/missing"
[ ! -s "$work/missing" ] && ok "whom nothing was released to sees no readiness" || not_ok "whom nothing was released to sees no readiness"
bad=
for who in $roles; do
	get $who /
	csrf=$(hidden csrf)
	for address in /users/invite /users/u-0000000000000000; do
		post $who "$address" "csrf=$csrf" "email=x@example.com" "role=administrator"
		case $who$status in administrator200 | administrator404) ;; *403) ;; *) bad="$bad $who$address:$status" ;; esac
	done
done
[ -z "$bad" ] && ok "what changes users is the administrator's" || { echo "# $bad" >"$work/out"; not_ok "what changes users is the administrator's"; }

# ---- what changes something: only from our pages
get admin /users; csrf=$(hidden csrf)
user=$(grep guest@example.com "$work/out" | sed 's/.*action="\([^"]*\)".*/\1/')
status=$(curl -s -o "$work/out" -w '%{http_code}' -b "$work/admin" --data-urlencode "csrf=$csrf" -d status=disabled -H "Origin: http://evil.example" "$url$user")
is "a form of another site is refused by where it comes from" 403 "Not from one of our pages"
status=$(curl -s -o "$work/out" -w '%{http_code}' -b "$work/admin" --data-urlencode "csrf=$csrf" -d status=disabled -H "Sec-Fetch-Site: cross-site" "$url$user")
is "or by what the browser says of it" 403 "Not from one of our pages"
post admin "$user" "status=disabled"; is "without its token as well" 403 "Not from one of our pages"
get guest /; csrf_guest=$(hidden csrf)
post admin "$user" "csrf=$csrf_guest" "status=disabled"; is "or with another session's" 403 "Not from one of our pages"
post admin "$user" "csrf=$csrf" "role=auditor"; is "a guest of ours cannot become the auditor" 422 "auditor"
post admin "$user" "csrf=$csrf" "status=disabled"; goes_to "an access is ended" /users
get guest /; goes_to "at once" /sign-in
get admin /users; mine=$(grep -F 'ada@example.com' "$work/out" | sed 's/.*action="\([^"]*\)".*/\1/')
post admin "$mine" "csrf=$csrf" "status=disabled"; is "the last administrator stays" 409 "last administrator"

# ---- what nobody should send
get admin "/../../etc/passwd"; is "no path leads out" 404
get admin "/%2e%2e/%2e%2e/etc/passwd"; is "nor an encoded one" 404
get admin "/populations/change/%2e%2e%2f%2e%2e%2fetc%2fpasswd"; is "nor as a key" 404
get admin "/populations/change%27--"; is "nor SQL as a name" 404
get admin "/populations/change?where=approved_by%20%3D"; is "a filter that is none says so" 422
get admin "/populations/change?where=author%20%21%3D%20null"; is "one that is one filters" 200 "class=\"id\""
get admin "/controls/%00"; is "a zero byte is no id" 404
get admin "/controls?x=%zz"; is "a query that is not encoded as such" 400
head -c 100000 /dev/zero | tr '\0' a >"$work/long"
status=$(curl -s -o "$work/out" -w '%{http_code}' -b "$work/admin" -H "Origin: $url" --data-binary @"$work/long" "$url/sign-in")
is "a body that is too long" 413
status=$(curl -s -o "$work/out" -w '%{http_code}' -H "Origin: $url" -H 'Transfer-Encoding: chunked' --data-binary @"$work/long" "$url/sign-in")
is "or in chunks" 413
status=$(curl -s -o "$work/out" -w '%{http_code}' -H "X-Long: $(cat "$work/long")" "$url/healthz")
case $status in 431 | 400 | 413 | 414 | 000) ok "a header that is too long" ;; *) not_ok "a header that is too long: $status" ;; esac
get admin / -X DELETE; is "a method that there is not" 405
post admin /controls "csrf=$csrf"; is "a method that the address does not take" 405

# ---- the numbers are the command line's
"$tickmark" -C "$work/org" status --json 2>/dev/null >"$work/status.json"
get admin /api/v1/controls
echo >>"$work/out"
sed 's/{"id":/\n&/g' "$work/out" | sed -n 's/^{"id":"\([^"]*\)".*"state":"\([^"]*\)","tested":\([0-9]*\),"deviating":\([0-9]*\).*/\1 \2 \3 \4/p' >"$work/web"
sed 's/"coverage":/\n&/; s/{"deviating":/\n&/g' "$work/status.json" | sed -n 's/^{"deviating":\([0-9]*\),"id":"\([^"]*\)".*"state":"\([^"]*\)","tested":\([0-9]*\).*/\2 \3 \4 \1/p' >"$work/cli"
[ -s "$work/web" ] && cmp "$work/web" "$work/cli" >"$work/out" 2>&1 && ok "each control's state and counts are those of status" || not_ok "each control's state and counts are those of status"
get admin /api/v1/controls/CHG-01
grep -qF '"days":366,"deviation":0,"unknown":337,"presumed":0,"open":9,"holding":0,"none":20,"to_come":0' "$work/out" && ok "a calendar has items that cannot be told on their days" || not_ok "a calendar has items that cannot be told on their days"
pages=0 count=0 at=/api/v1/populations/change
while [ -n "$at" ] && [ $pages -lt 10 ]; do
	get admin "$at"
	count=$((count + $(grep -o '"href":' "$work/out" | wc -l))) pages=$((pages + 1))
	at=$(sed -n 's/.*"next":"\([^"]*\)".*/\/api\/v1\1/p' "$work/out")
done
[ $pages -eq 3 ] && [ $count -eq 120 ] && ok "120 items stand on three pages" || { echo "# $count on $pages" >"$work/out"; not_ok "120 items stand on three pages"; }
get admin "/api/v1$key"; entry=$(sed -n 's/.*"entry":{"index":\([0-9]*\).*/\1/p' "$work/out")
leaf=$(sed -n 's/.*"leaf":"\([0-9a-f]*\)".*/\1/p' "$work/out")
"$tickmark" -C "$work/org" show "$entry" --json 2>/dev/null | grep -qF "\"leaf\":\"$leaf\"" && ok "an item's fingerprint is the one that show gives" || not_ok "an item's fingerprint is the one that show gives"

# ---- its end, and what stays
stop && ok "it ends when it is told to" || not_ok "it ends when it is told to"
[ ! -s "$work/served.err" ] && ok "without a complaint" || { cp "$work/served.err" "$work/out"; not_ok "without a complaint"; }
expect 0 "the folder verifies, with the server's own files in it" "" tm verify
expect 0 "users are in the ledger" '"role":"auditor"' tm items user --json
expect 0 "and one whose access was ended" '"status":"disabled"' tm items user --json --where "status = disabled"
[ "$(stat -c %a "$work/org/server/server.db")" = 600 ] && [ "$(stat -c %a "$work/org/server")" = 700 ] && ok "what proves people is its owner's alone" || not_ok "what proves people is its owner's alone"
for s in "$password" "$(cut -f7 "$work/auditor" | tail -1)" "$recovery"; do grep -qaF -- "$s" "$work/org/server/"* && echo "$s"; done >"$work/found"
[ ! -s "$work/found" ] && ok "no password, token or recovery code stands there as it is" || { cp "$work/found" "$work/out"; not_ok "no password, token or recovery code stands there as it is"; }
start --no-tls
[ -z "$setup" ] && ok "the next start offers no set-up" || not_ok "the next start offers no set-up"
get admin /; is "and sessions go on" 200 "What to do next"
stop

# ---- TLS
start && ok "with a certificate of its own" || { cp "$work/served.err" "$work/out"; not_ok "with a certificate of its own"; }
case $url in https://*) ok "it is TLS" ;; *) not_ok "it is TLS" ;; esac
print=$(sed 's/.*"fingerprint":"\([^"]*\)".*/\1/' "$work/served")
openssl x509 -in "$work/org/server/tls.crt" -noout -fingerprint -sha256 | grep -qF "$print" && ok "whose fingerprint it tells" || not_ok "whose fingerprint it tells"
[ "$(stat -c %a "$work/org/server/tls.key")" = 600 ] && ok "whose key is its owner's alone" || not_ok "whose key is its owner's alone"
status=$(curl -s --cacert "$work/org/server/tls.crt" -o "$work/out" -D "$work/head" -w '%{http_code}' "$url/healthz"); is "it is good for its address" 200 ok
grep -qi '^strict-transport-security: max-age' "$work/head" && ok "it asks for TLS from now on" || not_ok "it asks for TLS from now on"
post tls /sign-in "email=manager@example.com" "password=$password"
grep -i '^set-cookie: __Host-session=.*Path=/; HttpOnly; SameSite=Lax; Secure' "$work/head" >"$work/out" && ok "the cookie is bound to this host" || { cp "$work/head" "$work/out"; not_ok "the cookie is bound to this host"; }
get none /metrics >/dev/null; is "counters again" 200 tickmark_requests_total
stop
server=
done_testing
