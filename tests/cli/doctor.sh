#!/bin/sh
# doctor: a sound installation has no problem, and each fault that is planted is named with its remedy.
# doctor.sh TICKMARK JSON prints TAP.
set -u
tickmark=$1 json=$2
# doctor has something to say against a folder in memory, and /tmp often is one: the sound installation goes on a disk
in_memory() { case $(stat -f -c %T "$1" 2>/dev/null) in tmpfs | ramfs | '') return 0 ;; *) return 1 ;; esac; }
for TMPDIR in "${TMPDIR:-/tmp}" /var/tmp "$PWD"; do in_memory "$TMPDIR" || [ ! -w "$TMPDIR" ] || break; done
export TMPDIR
if in_memory "$TMPDIR"; then echo "1..0 # SKIP no folder here lies on a disk"; exit 0; fi
. "$(dirname "$0")/tap.sh"
umask 077
doctor() { # its words as one line: where they are wrapped depends on how long a path is
	"$tickmark" doctor "$@" >"$work/raw" 2>&1
	doctor_status=$?
	tr -s ' \n' ' ' <"$work/raw"
	return $doctor_status
}
org=$work/org key=$work/org.tickmark-key
"$tickmark" init "$org" --name N >"$work/out" 2>&1 </dev/null || exit 1
cp -a "$org" "$work/sound"
expect 0 "a sound installation" "0 to be mended" doctor "$org"
expect 0 "which it says to be so on disk" "OK leftovers" doctor "$org"
holds "it writes nothing" diff -r "$org" "$work/sound"
expect 0 "without an organization it looks at the program" "SQLite" sh -c "cd '$work' && '$tickmark' doctor"
fault() { # fault NAME WORDS : one PROBLEM, exit status 1, and in JSON as well
	expect 1 "$1" "$2" doctor "$org"
	"$tickmark" doctor "$org" --json >"$work/stdout" 2>"$work/out"
	"$json" <"$work/stdout" >>"$work/out" && grep -q '"state":"PROBLEM"' "$work/stdout" && ok "the same in JSON" || not_ok "the same in JSON"
}
chmod 0644 "$key"
fault "a key file that others may read" "chmod 0600"
chmod 0600 "$key"
chmod 0755 "$org"
fault "a folder that others get into" "chmod 0700"
chmod 0700 "$org"
mv "$key" "$work/away"
fault "a key file that is gone" "There is no key file"
head -c 100 "$work/away" >"$key"
fault "a key file that is damaged" "is damaged"
mv "$work/away" "$key"
cp "$key" "$org/my-key"
expect 1 "a key file inside the folder that it opens" "lies inside the folder" doctor "$org" --key-file "$org/my-key"
rm "$org/my-key"
mv "$org/checkpoint" "$work/checkpoint"
fault "a checkpoint that is gone" "checkpoint"
mv "$work/checkpoint" "$org/checkpoint"
touch "$org/state.db.tmp"
expect 0 "what a crash left is a notice" "unfinished files were left" doctor "$org"
rm "$org/state.db.tmp"
mv "$org/state.db" "$work/state.db"
expect 0 "a database that is gone is a notice" "Run tickmark rebuild" doctor "$org"
mv "$work/state.db" "$org/state.db"
printf x | dd of="$org/log/$(ls "$org/log" | head -n 1)" bs=1 seek=5000 conv=notrunc 2>/dev/null
expect 1 "a ledger that does not open" "tickmark verify" doctor "$org"
echo pass >"$work/pass"
"$tickmark" init "$work/sealed" --name N --passphrase-file "$work/pass" >"$work/out" 2>&1 </dev/null
expect 0 "a sealed key is looked at without its passphrase" "needs its passphrase" doctor "$work/sealed"
if in_memory /dev/shm && shm=$(mktemp -d /dev/shm/tickmark-test-XXXXXX 2>/dev/null); then
	trap 'rm -rf "$work" "$shm"' EXIT
	"$tickmark" init "$shm/org" --name N >"$work/out" 2>&1 </dev/null
	expect 1 "a folder in memory" "is gone when the machine stops" doctor "$shm/org"
else
	skip "a folder in memory" "no file system in memory here"
fi
expect 2 "a folder that is no organization" "is not an organization" doctor "$work"
done_testing
