#!/bin/sh
# The worked example and its report: report.sh TICKMARK FIGURES.  Prints TAP.
set -u
tickmark=$1 figures=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
n=0 failed=0
check() { # check NAME COMMAND…
	name=$1
	shift
	n=$((n + 1))
	if "$@" >"$work/out" 2>&1; then echo "ok $n - $name"; else
		echo "not ok $n - $name"
		failed=1
		sed 's/^/# /' "$work/out" | head -30
	fi
}
pages_marked() {
	pages=$(pdfinfo "$work/r.pdf" | sed -n 's/^Pages: *//p')
	i=1
	while [ $i -le "$pages" ]; do
		text=$(pdftotext -layout -f $i -l $i "$work/r.pdf" - | tr -s ' \n' ' ')
		case $text in *"Not examined. Not for distribution."*) ;; *) echo "page $i is not marked"; return 1 ;; esac
		case $text in *"Page $i of $pages"*) ;; *) echo "page $i does not say so"; return 1 ;; esac
		i=$((i + 1))
	done
	[ $i -gt 10 ]
}
all_figures() {
	pdftotext -layout "$work/r.pdf" - | sed 's/Page [0-9]* of [0-9]*//' >"$work/r.txt"
	"$figures" "$work/r.json" "$work/r.txt"
}
# As somebody has it who was given the one file: in a folder of its own, with nothing else in the environment.
alone() (
	mkdir "$work/alone" && cp "$tickmark" "$work/alone/tm" && cd "$work/alone" || exit 1
	env -i ./tm demo ../org && env -i ./tm demo --notice | grep -q "rails/rails (MIT)" && [ "$(ls)" = tm ]
)
cut_short() { # the disk gives out in the middle: no half of an example is left
	(ulimit -f 8000 && trap '' XFSZ && "$tickmark" demo "$work/half")
	status=$?
	[ $status -eq 3 ] && [ ! -e "$work/half" ] && [ ! -e "$work/half.part" ]
}
check "the worked example is made by the program alone" alone
check "an example that cannot be finished leaves nothing" cut_short
check "an example is not made over something" sh -c "'$tickmark' demo '$work/org'; [ \$? -eq 2 ]"
check "it is intact" "$tickmark" verify "$work/org"
check "its draft report is made" "$tickmark" -C "$work/org" report --out "$work/r.pdf"
check "and the same as JSON" "$tickmark" -C "$work/org" report --out "$work/r.json"
check "again it has the same bytes" sh -c "'$tickmark' -C '$work/org' report --out '$work/again.pdf' && cmp '$work/r.pdf' '$work/again.pdf'"
check "every page is marked and numbered" pages_marked
check "every figure on its pages stands in the document" all_figures
check "real deviations are found in real data" sh -c "'$tickmark' -C '$work/org' test --control AVL-02 --json | grep -q '\"letters\":\"'"
check "its cover says what it is" sh -c "pdftotext -l 1 '$work/r.pdf' - | tr '\n' ' ' | grep -q 'assembled from unrelated public records'"
cat >"$work/registers.yaml" <<'Y'
kind: item
collection: service_commitment
as_of: 2024-03-01T00:00:00Z
fields: {commitment_id: SC-1, statement: "We answer within four hours", source_ref: "terms 7.2"}
---
kind: item
collection: system_component
as_of: 2024-03-01T00:00:00Z
fields: {component_id: C-7, component_type: software, title: "Ordering service", in_boundary: true}
---
kind: item
collection: cuec
as_of: 2024-03-01T00:00:00Z
fields: {cuec_id: U-3, statement: "Customers remove their own leavers", criteria: [CC6.2]}
---
kind: item
collection: csoc
as_of: 2024-03-01T00:00:00Z
fields: {csoc_id: S-9, vendor_id: V-1, statement: "The host keeps the doors shut"}
Y
description_filled() {
	"$tickmark" -C "$work/org" apply "$work/registers.yaml" && "$tickmark" -C "$work/org" report --out "$work/r.pdf" || return 1
	"$tickmark" -C "$work/org" report --out "$work/r.json" || return 1
	text=$(pdftotext -layout "$work/r.pdf" - | tr -s ' \n' ' ')
	for words in "We answer within four hours" "terms 7.2" "Ordering service" "Customers remove their own leavers" "CC6.2" "The host keeps the doors shut"; do
		case $text in *"$words"*) ;; *) echo "not in the description: $words"; return 1 ;; esac
	done
	all_figures
}
check "registers fill the description of the system" description_filled
echo "1..$n"
exit $failed
