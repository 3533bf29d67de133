#!/bin/sh
# Where the key's passphrase comes from, and what is said when it does not open.  keys.sh TICKMARK FLIP PTY prints TAP.
set -u
tickmark=$1 flip=$2 pty=$3
. "$(dirname "$0")/tap.sh"
P="A passphrase for the key" A="The same again: " Q="Passphrase of"
kind() { od -An -j4 -N1 -tu1 "$1" | tr -d ' '; }        # 1: a passphrase, 2: the file alone

expect 0 "asked twice, init seals the key" "is ready" "$pty" -a "$P" 'korrekt ü' -a "$A" 'korrekt ü' "$tickmark" init "$work/a" --name N
cp "$work/out" "$work/shown"
holds "what is typed is not seen, and the terminal is as it was" sh -c "! grep -q korrekt '$work/shown' && grep -q 'echo on' '$work/shown'"
holds "its key file needs a passphrase" [ "$(kind "$work/a.tickmark-key")" = 1 ]
expect 2 "two that differ make nothing" "not the same" "$pty" -a "$P" one -a "$A" two "$tickmark" init "$work/b" --name N
holds "and nothing is left of it" sh -c "[ -z \"\$(ls '$work' | grep '^b')\" ]"
expect 0 "none at all makes a key file that opens alone" "is ready" "$pty" -a "$P" '' "$tickmark" init "$work/b" --name N
holds "as its first bytes say" [ "$(kind "$work/b.tickmark-key")" = 2 ]
expect 0 "without a terminal nothing is asked" "is ready" "$tickmark" init "$work/c" --name N
expect 0 "nor when standard input is none" "is ready" "$pty" -n "$tickmark" init "$work/d" --name N
expect 0 "nor when --key-file says where the key goes" "is ready" "$pty" "$tickmark" init "$work/e" --name N --key-file "$work/e.key"
expect 0 "the terminal is asked when the key needs it" "0 items" "$pty" -a "$Q" 'korrekt ü' "$tickmark" -C "$work/a" items change
expect 0 "also when standard input is a pipe" "0 items" "$pty" -n -a "$Q" 'korrekt ü' "$tickmark" -C "$work/a" items change
expect 3 "a wrong one is told" "the passphrase does not open" "$pty" -a "$Q" wrong "$tickmark" -C "$work/a" items change
expect 3 "an empty one as well" "the passphrase does not open" "$pty" -a "$Q" '' "$tickmark" -C "$work/a" items change
expect 130 "an interrupt ends it" "echo on" "$pty" -s INT -a "$Q" '' "$tickmark" -C "$work/a" items change
expect 143 "so does a TERM, with the terminal as it was" "echo on" "$pty" -s TERM -a "$Q" '' "$tickmark" -C "$work/a" items change
expect 130 "an interrupt of init leaves nothing" "echo on" "$pty" -s INT -a "$P" '' "$tickmark" init "$work/f" --name N
holds "as the folder shows" sh -c "[ -z \"\$(ls '$work' | grep '^f')\" ]"
expect 3 "without a terminal it says where a passphrase can come from" "--passphrase-file FILE or set TICKMARK_PASSPHRASE" "$tickmark" -C "$work/a" items change

printf 'korrekt ü\nwhat follows is none of it\n' >"$work/pass"
printf 'korrekt ü\r\n' >"$work/crlf"
printf 'wrong\n' >"$work/wrong"
: >"$work/empty"
expect 0 "--passphrase-file" "0 items" "$tickmark" -C "$work/a" items change --passphrase-file "$work/pass"
expect 0 "a passphrase file of another system's lines" "0 items" "$tickmark" -C "$work/a" items change --passphrase-file "$work/crlf"
expect 2 "an empty passphrase file is refused" "is empty" "$tickmark" -C "$work/a" items change --passphrase-file "$work/empty"
expect 2 "and seals no new key" "is empty" "$tickmark" init "$work/g" --name N --passphrase-file "$work/empty"
expect 2 "a passphrase file that is not there" "there is no file" "$tickmark" -C "$work/a" items change --passphrase-file "$work/nowhere"
expect 0 "TICKMARK_PASSPHRASE" "0 items" env TICKMARK_PASSPHRASE='korrekt ü' "$tickmark" -C "$work/a" items change
expect 3 "the file goes before the environment" "does not open" env TICKMARK_PASSPHRASE='korrekt ü' "$tickmark" -C "$work/a" items change --passphrase-file "$work/wrong"
expect 0 "the environment goes before the terminal" "0 items" "$pty" env TICKMARK_PASSPHRASE='korrekt ü' "$tickmark" -C "$work/a" items change
expect 0 "a passphrase on standard input" "0 items" sh -c "printf 'korrekt ü\n' | '$tickmark' -C '$work/a' items change --passphrase-file -"

expect 3 "a wrong passphrase is told from a damaged key file" "the passphrase does not open" "$tickmark" -C "$work/a" items change --passphrase-file "$work/wrong"
bad=
for at in 0 4 8 20 24 40 56 100 140 200 223; do
	"$flip" "$work/a.tickmark-key" $at 1
	"$tickmark" -C "$work/a" items change --passphrase-file "$work/pass" >"$work/out" 2>&1
	[ $? -eq 3 ] && grep -q "is damaged" "$work/out" || bad="$bad $at"
	"$flip" "$work/a.tickmark-key" $at 1
done
[ -z "$bad" ] && ok "a flipped bit anywhere in the key file is damage, and no wrong passphrase" || { echo "at$bad" >"$work/out"; not_ok "a flipped bit anywhere in the key file is damage, and no wrong passphrase"; }
cp "$work/a.tickmark-key" "$work/kept"
head -c 100 "$work/kept" >"$work/a.tickmark-key"
expect 3 "half a key file is damage" "is damaged" "$tickmark" -C "$work/a" items change --passphrase-file "$work/pass"
rm "$work/a.tickmark-key"
expect 3 "a key file that is gone is named" "name it with --key-file" "$tickmark" -C "$work/a" items change --passphrase-file "$work/pass"
expect 0 "and found where --key-file says" "0 items" "$tickmark" -C "$work/a" items change --passphrase-file "$work/pass" --key-file "$work/kept"
expect 3 "nor is anything altered for verify" "another organization's" "$tickmark" verify "$work/a" --key-file "$work/b.tickmark-key"
expect 3 "another organization's key is told as such" "another organization's" "$tickmark" -C "$work/a" items change --key-file "$work/b.tickmark-key"
expect 0 "after all of this nothing was altered" "INTACT" "$tickmark" verify "$work/a" --passphrase-file "$work/pass" --key-file "$work/kept"
done_testing
