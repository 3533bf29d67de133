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
