#!/bin/sh
# A bundle as a stranger gets it: re-performed with nothing but the program, and what each forgery of it gives.
# bundle.sh TICKMARK BUNDLE-EDIT FLIP : prints TAP.
set -u
tickmark=$(realpath "$1") edit=$(realpath "$2") flip=$(realpath "$3")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0 failed=0
ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)) failed=1; echo "not ok $n - $1"; sed 's/^/# /' "$work/out" | head -20; }
expect() { # expect STATUS NAME WORDS COMMAND… : its exit status, and words that it must say
	want=$1 name=$2 words=$3
	shift 3
	"$@" >"$work/out" 2>&1
	got=$?
	if [ $got -eq "$want" ] && grep -qF -- "$words" "$work/out"; then ok "$name"; else
		echo "# exit status $got, wanted $want, and the words: $words"
		not_ok "$name"
	fi
}
# An empty machine: no organization, no key, no home, another folder.
stranger() { (mkdir -p "$work/empty" && cd "$work/empty" && env -i PATH=/usr/bin:/bin TMPDIR="$work/empty" LSAN_OPTIONS="${LSAN_OPTIONS:-}" "$tickmark" "$@"); }

make() { # make FOLDER APPROVER : an organization whose changes are approved by that person in one case
	"$tickmark" init "$work/$1" --name "Example & Sons <Ltd>" --from 2024-01-01 --to 2024-03-31 >/dev/null || exit 1
	cat >"$work/change.csv" <<C
change_id,system,author,approved_by,approved_at,deployed_at,merged_at
c1,shop,email:ann@example.org,email:bob@example.org,2024-01-10T09:00:00Z,2024-01-10T10:00:00Z,2024-01-10T09:30:00Z
c2,shop,email:ann@example.org,email:$2@example.org,2024-01-11T09:00:00Z,2024-01-11T10:00:00Z,2024-01-11T09:30:00Z
c3,shop,email:bob@example.org,email:ann@example.org,2024-02-11T12:00:00Z,2024-02-11T10:00:00Z,2024-02-11T09:30:00Z
c4,shop,email:eve@example.org,email:ann@example.org,2025-02-11T12:00:00Z,2025-02-11T10:00:00Z,2025-02-11T09:30:00Z
C
	printf 'person_id,worker_type\nemail:ann@example.org,employee\nemail:bob@example.org,employee\n' >"$work/person.csv"
	printf 'person_id,effective_at,access_removed_at\nemail:carl@example.org,2024-02-01T12:00:00Z,2024-02-03T12:00:00Z\n' >"$work/leave.csv"
	"$tickmark" -C "$work/$1" ingest csv:change "$work/change.csv" --covers 2024-01-01..2024-03-31 >/dev/null || exit 1
	"$tickmark" -C "$work/$1" ingest csv:person "$work/person.csv" --extracted-at 2024-01-05 >/dev/null || exit 1
	"$tickmark" -C "$work/$1" ingest csv:termination "$work/leave.csv" --covers 2024-01-01..2024-03-31 >/dev/null || exit 1
}
make org bob
tm() { "$tickmark" -C "$work/org" "$@"; }

expect 0 "a bundle is made" "keeps what was disclosed" tm bundle --out "$work/a.zip"
expect 0 "once more it is the same" "keeps what was disclosed" tm bundle --out "$work/b.zip"
if cmp -s "$work/a.zip" "$work/b.zip"; then ok "byte for byte"; else not_ok "byte for byte"; fi
expect 0 "the organization is intact after it" "INTACT" tm verify
expect 0 "a stranger re-performs it" "0 differ" stranger verify "$work/a.zip" --reperform
expect 0 "and the report's document with it" "the same, byte for byte" stranger verify "$work/a.zip" --reperform
expect 0 "without a key from elsewhere the head is not pinned" "head not pinned" stranger verify "$work/a.zip"
vkey=$(tm verify --json | sed 's/.*"vkey":"\([^"]*\)".*/\1/')
expect 0 "with it, it is" "signed with the key that you gave" stranger verify "$work/a.zip" --vkey "$vkey"
cp "$work/org/checkpoint" "$work/held"
expect 0 "a checkpoint kept from before fits" "INTACT" stranger verify "$work/a.zip" --since "$work/held" --vkey "$vkey"
if command -v unzip >/dev/null; then expect 0 "unzip opens it" "No errors" unzip -tq "$work/a.zip"; else ok "unzip opens it # SKIP unzip is not installed"; fi
expect 0 "as JSON" '"not_reperformable":0' stranger verify "$work/a.zip" --reperform --json

# What was not disclosed: another period's person is nowhere in the clear.
if grep -qaF "eve@example.org" "$work/a.zip"; then not_ok "another period's record is not in it"; else ok "another period's record is not in it"; fi
if grep -qaF "carl@example.org" "$work/a.zip"; then not_ok "records lie in it sealed"; else ok "records lie in it sealed"; fi

tm items change --json >"$work/items.json"
e1=$(sed 's/},{"collection"/}\n{"collection"/g' "$work/items.json" | grep -F '"c1"' | sed 's/.*"entry":\([0-9]*\).*/\1/')
e2=$(sed 's/},{"collection"/}\n{"collection"/g' "$work/items.json" | grep -F '"c2"' | sed 's/.*"entry":\([0-9]*\).*/\1/')
forge() { "$edit" "$work/a.zip" "$work/forged.zip" "$@" || echo "# the forgery failed: $*"; }
caught() { expect 1 "$1" "$2" stranger verify "$work/forged.zip" --reperform; }
forge drop "$e1"; caught "a dropped record is named" "some were left out"
forge hide "$e1" 0; caught "a record whose bytes were left out is named" "entry $e1: a part of it was left out"
forge hide "$e1" 1; caught "so is one without a person's" "entry $e1: a part of it was left out"
forge swap "$e1" "$e2"; caught "two swapped records are named" "entry $e1"
forge replace definitions/control/CHG-01.json CHG-01 CHG-99; caught "a changed definition is named" "definitions/control/CHG-01.json"
forge replace results/IAM-04.T1.json '"deviates":1' '"deviates":0'; caught "an edited result is named" "results/IAM-04.T1.json"
forge replace report.json '"tested":3' '"tested":4'; caught "an edited report is named" "report.json"
forge replace report.pdf PDF-1 PDF-2; caught "an edited PDF is named" "report.pdf"
forge replace index.html Management Auditor; caught "an edited page is named" "index.html"
forge replace bundle.json '"withheld":[]' '"withheld":["login"]'; caught "a claim that records are withheld is named" "bundle.json"
forge replace bundle.json '"withheld":false' '"withheld":true'; caught "a claim that people are withheld is named" "all but people's are shown"
forge replace bundle.json '"to":"2024-03-31"' '"to":"2024-03-30"'; caught "another period is named" "bundle.json"
forge remove report.pdf; caught "a missing member is named" "MISSING"
forge remove tile/0/000; caught "a missing tile is named" "tile/0/000"
forge remove definitions/control/CHG-01.json; expect 1 "a definition left out is named" "definitions/" stranger verify "$work/forged.zip" --reperform
forge add zz.txt hello; caught "what does not belong is named" "zz.txt"
forge add definitions/control/ZZZ.json '{}'; caught "a definition that the ledger has not is named" "definitions/control/ZZZ.json"
forge move tile/entries/000 1 2; caught "two entries that changed places are named" "ALTERED"
forge replace checkpoint "$(sed -n 2p "$work/org/checkpoint")" 9; caught "another size in the checkpoint is named" "checkpoint"

# Everything anew with another key: the same folder made again from evidence that was made up.
make other ann
"$tickmark" -C "$work/other" bundle --out "$work/forged.zip" >/dev/null 2>&1
expect 0 "a bundle of another ledger agrees with itself" "head not pinned" stranger verify "$work/forged.zip"
expect 1 "and is refused under the key from elsewhere" "signed by another key" stranger verify "$work/forged.zip" --vkey "$vkey"
expect 1 "and against the checkpoint kept from before" "signed by another key" stranger verify "$work/forged.zip" --since "$work/held" --vkey "$vkey"

# Withheld: it says how much cannot be run again, and no more than that.
expect 0 "a population can be withheld" "stay sealed" tm bundle --withhold termination --out "$work/w.zip"
expect 0 "then its tests are not re-performable" "Not re-performable: 1 of" stranger verify "$work/w.zip" --reperform
expect 2 "a population that there is not cannot be" "no collection" tm bundle --withhold nonsense --out "$work/x.zip"
if [ ! -e "$work/x.zip" ] && [ ! -e "$work/x.zip.tmp" ]; then ok "and nothing is left of it"; else not_ok "and nothing is left of it"; fi
forge remove bundle.json; expect 2 "a zip that is no bundle is told so" "is no bundle" stranger verify "$work/forged.zip"

# One flipped byte anywhere.
size=$("$flip" "$work/a.zip" size) i=0 missed=0 random=20240331
while [ $i -lt 150 ]; do
	random=$(((random * 1103515245 + 12345) % 2147483648))
	at=$((random % size))
	cp "$work/a.zip" "$work/f.zip"
	"$flip" "$work/f.zip" $at $((1 << (i % 8)))
	stranger verify "$work/f.zip" >"$work/out" 2>&1
	[ $? -eq 1 ] || grep -q "bundle.json lacks\|no bundle\|another version" "$work/out" || { missed=$((missed + 1)); echo "# byte $at was not noticed"; }
	i=$((i + 1))
done
if [ $missed -eq 0 ]; then ok "150 flipped bytes, each refused"; else not_ok "150 flipped bytes, each refused"; fi
echo "1..$n"
exit $failed
