# What the shell tests share; read with "." after $tickmark is set.  Prints TAP.
case $tickmark in /*) ;; *) tickmark=$PWD/$tickmark ;; esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0 failed=0
unset TICKMARK_PASSPHRASE
ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)) failed=1; echo "not ok $n - $1"; sed 's/^/# /' "$work/out" | head -20; }
skip() { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
# expect STATUS NAME WORDS COMMAND… : its exit status, and words that it must say
expect() {
	want=$1 name=$2 words=$3
	shift 3
	"$@" >"$work/out" 2>&1 </dev/null
	got=$?
	if [ $got -eq "$want" ] && grep -qF -- "$words" "$work/out"; then ok "$name"; else
		echo "# exit status $got, wanted $want, and the words: $words"
		not_ok "$name"
	fi
}
# holds NAME COMMAND… : it must succeed
holds() {
	name=$1
	shift
	if "$@" >"$work/out" 2>&1 </dev/null; then ok "$name"; else not_ok "$name"; fi
}
tm() { "$tickmark" -C "$work/org" "$@"; }
done_testing() { echo "1..$n"; exit $failed; }
# pick N: a number below N into $picked, the same in each run with the same seed.  Not printed: what is read by $( ) runs in
# a shell of its own, and the next number would be forgotten with it.
random=20240630
pick() {
	random=$(((random * 1103515245 + 12345) % 2147483648))
	picked=$((random / 8 % $1))
}
# commits PREFIX N: as many lines of git.log
commits() {
	awk -v p="$1" -v n="$2" 'BEGIN { for (i = 0; i < n; i++) printf "{\"repo\":\"a/b\",\"commit\":\"%s-%d\",\"parents\":[\"p\"],\"author\":\"p%d\",\"committer\":\"y\",\"commit_date\":\"2024-02-0%dT00:00:00+00:00\",\"subject\":\"s\"}\n", p, i, i % 500, i % 9 + 1 }'
}
