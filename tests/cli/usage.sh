#!/bin/sh
# How the program speaks: help, usage errors, JSON, pipes, full disks behind standard output.  usage.sh TICKMARK JSON
# prints TAP.
set -u
tickmark=$1 json=$2
. "$(dirname "$0")/tap.sh"
commands=$("$tickmark" help | sed -n 's/^  \([a-z]*\)  .*/\1/p')
count=$(echo "$commands" | wc -w)

[ "$count" -ge 15 ] && ok "help lists $count commands" || not_ok "help lists $count commands"
expect 2 "the program alone says how it is used" "usage: tickmark" "$tickmark"
expect 0 "help is fine" "COMMAND --help" "$tickmark" help
expect 0 "--help is fine" "COMMAND --help" "$tickmark" --help
expect 0 "--version" "tickmark 0." "$tickmark" --version
expect 2 "a command that is nearly one is guessed" "did you mean status?" "$tickmark" stauts
expect 2 "and one that is nothing like one is not" "tickmark --help lists them" "$tickmark" qqqqqqq
expect 2 "help of what is no command" "there is no command" "$tickmark" help qqqqqqq
expect 2 "-C without a folder" "-C needs a folder" "$tickmark" -C
expect 2 "an option before the command" "options go behind it" "$tickmark" --json status
each() { # each NAME COMMAND… : for all commands, $command is the one
	name=$1 bad=
	shift
	for command in $commands; do "$@" >"$work/out" 2>&1 </dev/null || bad="$bad $command"; done
	[ -z "$bad" ] && ok "$name" || { echo "# not these:$bad" >"$work/out"; not_ok "$name"; }
}
has_help() {
	"$tickmark" "$command" --help >"$work/help" || return 1
	for words in "usage: tickmark [-C DIR] $command" "Every command takes" "Exit status: 0 fine" "Example:" "  tickmark "; do
		grep -qF -- "$words" "$work/help" || return 1
	done
	"$tickmark" help "$command" | cmp - "$work/help"
}
each "each command's help has its use, options, exit status and an example" has_help
no_such_option() { "$tickmark" "$command" --no-such-option; [ $? -eq 2 ] && "$tickmark" "$command" --no-such-option 2>&1 | grep -q -- --help; }
each "each command refuses an option it does not know, and says where they are listed" no_such_option
too_many() { "$tickmark" -C "$work/nothing" "$command" a b c d e </dev/null; [ $? -eq 2 ]; }
each "each command refuses too many arguments, or a folder that is no organization" too_many
"$tickmark" help --man >"$work/man"
in_man() { grep -q "^.SS \"tickmark $command\"" "$work/man"; }
each "the manual page has each command" in_man
options=$(for c in $commands; do "$tickmark" help "$c"; done | grep -o -- '--[a-z][a-z-]*' | sort -u)
for o in $options; do grep -qF -- "$(echo "$o" | sed 's/-/\\-/g')" "$work/man" || echo "$o"; done >"$work/out"
[ ! -s "$work/out" ] && ok "and each option" || not_ok "and each option"
if command -v groff >/dev/null 2>&1; then
	groff -man -Tascii -ww "$work/man" >"$work/page" 2>"$work/out"
	[ ! -s "$work/out" ] && grep -q "tickmark init" "$work/page" && ok "groff has nothing to say against it" || not_ok "groff has nothing to say against it"
else
	skip "groff has nothing to say against it" "no groff here"
fi

# ---- JSON
printf '{"repo":"a/b","commit":"c1","parents":["p"],"author":"x","committer":"y","commit_date":"2024-01-01T00:00:00+00:00","subject":"o\\"ne\\u0007"}\n' >"$work/git.jsonl"
printf '{broken\n' >"$work/bad\"name.jsonl"
printf 'kind: parameter\nname: ack_days\nvalue: 20\n---\nkind: item\ncollection: vendor\nfields: {vendor_id: v1, tier: low}\n' >"$work/p.yaml"
is_json() { # is_json NAME STATUS KIND COMMAND… : its standard output alone
	name=$1 want=$2 kind=$3
	shift 3
	"$@" >"$work/stdout" 2>"$work/stderr" </dev/null
	got=$?
	"$json" "$kind" <"$work/stdout" >"$work/out" 2>&1 && [ $got -eq "$want" ] && ok "JSON of $name" || {
		echo "exit status $got; standard error: $(cat "$work/stderr")" >>"$work/out"
		not_ok "JSON of $name"
	}
}
odd='org "quoted"'
is_json "init" 0 one "$tickmark" init "$work/$odd" --name 'N "q"' --from 2023-07-01 --to 2024-06-30 --json
mv "$work/$odd" "$work/org" && mv "$work/$odd.tickmark-key" "$work/org.tickmark-key" && mv "$work/$odd.tickmark-head" "$work/org.tickmark-head"
is_json "ingest" 0 lines tm ingest git.log "$work/git.jsonl" --json
is_json "ingest that rejects" 1 lines tm ingest git.log "$work/bad\"name.jsonl" --json
is_json "sources" 0 one tm sources --json
is_json "items" 0 lines tm items change --json
is_json "show of an item" 0 one tm show change/a/b/c1 --json
is_json "show of an entry" 0 one tm show 5 --json
is_json "apply, dry" 0 lines tm apply --dry-run --json "$work/p.yaml"
is_json "apply" 0 lines tm apply --json "$work/p.yaml"
is_json "test" 0 one tm test --json
is_json "status" 0 one tm status --json
is_json "report" 0 one tm report --out "$work/r.json" --json
is_json "bundle" 0 one tm bundle --out "$work/b.zip" --json
is_json "checkpoint" 0 one tm checkpoint --json
is_json "prove" 0 one tm prove 5 --json
is_json "verify" 0 one tm verify --json
is_json "rebuild" 0 one tm rebuild --json
is_json "demo --notice" 0 one "$tickmark" demo --notice --json
"$tickmark" -C "$work/org" doctor --json >"$work/stdout" 2>&1
"$json" <"$work/stdout" >"$work/out" && ok "JSON of doctor" || not_ok "JSON of doctor"

# ---- standard output that is full, closed, or left by its reader
if [ -e /dev/full ]; then
	full() { "$@" >/dev/full 2>"$work/err"; [ $? -eq 3 ] && grep -q "could not be written" "$work/err"; }
	for c in "--version" "--help" "help init" "help --man" "sources" "items change" "items change --json" "show 5" "status" "status --json" "test" "checkpoint" "prove 5" "verify" "doctor"; do
		# shellcheck disable=SC2086 # words on purpose
		case $c in -*) holds "a full disk behind $c is told" full "$tickmark" $c ;; *) holds "a full disk behind $c is told" full tm $c ;; esac
	done
else
	skip "a full disk behind standard output is told" "no /dev/full here"
fi
closed() { "$tickmark" init "$work/closed" --name N >&- 2>"$work/err"; [ $? -eq 3 ] && "$tickmark" verify "$work/closed"; }
holds "what is printed to a closed standard output does not land in the ledger" closed
left() { # the reader leaves at once; the work is done all the same, and nothing complains
	{ "$tickmark" -C "$work/org" "$@"; echo $? >"$work/status"; } 2>"$work/err" | true
	[ "$(cat "$work/status")" = 0 ] && [ ! -s "$work/err" ]
}
holds "a reader that leaves status early is no error" left status
holds "nor one of items" left items change --json
before=$(tm verify --json | sed 's/.*"entries":\([0-9]*\).*/\1/')
i=0
while [ $i -lt 3000 ]; do
	echo "{\"repo\":\"a/b\",\"commit\":\"m$i\",\"parents\":[\"p\"],\"author\":\"p\",\"committer\":\"y\",\"commit_date\":\"2024-02-01T00:00:00+00:00\",\"subject\":\"s\"}"
	i=$((i + 1))
done >"$work/many.jsonl"
holds "nor one of ingest --acks" left ingest git.log "$work/many.jsonl" --acks
after=$(tm verify --json | sed 's/.*"entries":\([0-9]*\).*/\1/')
[ $((after - before)) -ge 3002 ] && ok "which takes in all of the file" || not_ok "which takes in all of the file"

# ---- standard error: progress for people only
tm ingest git.log "$work/many.jsonl" >"$work/stdout" 2>"$work/out"
[ ! -s "$work/out" ] && ok "no progress where nobody looks" || not_ok "no progress where nobody looks"
holds "no colours where nobody looks" sh -c "! '$tickmark' -C '$work/org' status | grep -q '$(printf '\033')'"

# ---- where one stands
there() (cd "$work/org" && "$tickmark" status && "$tickmark" -C . status && cd log && "$tickmark" status -C ..)
holds "from inside the folder its key beside it is found" there
here() (mkdir "$work/inside" && cd "$work/inside" && "$tickmark" init . --name N && [ -f ../inside.tickmark-key ] && "$tickmark" verify)
holds "init . puts the key beside the folder, not into it" here
latin() (LANG=C LC_ALL=C && export LANG LC_ALL && "$tickmark" -C "$work/org" status | grep -q '·')
holds "the same words whatever the locale" latin
done_testing
