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
# The page of contents holds page numbers and the headings of the other pages.
all_figures() {
	{ pdftotext -raw -l 1 "$work/r.pdf" - && pdftotext -raw -f 3 "$work/r.pdf" -; } >"$work/r.txt"
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
check "the PDF is whole, as qpdf sees it" qpdf --check "$work/r.pdf"
check "every figure on its pages stands in the document, and back" all_figures
# The same document as HTML: all of its figures in the same order, links that lead to places in it, nothing from elsewhere.
html_figures() {
	sed -e '/<style>/,/<\/style>/d' -e '/<nav/,/<\/nav>/d' -e '/<p class="marking"/d' -e '/<footer/,$d' -e 's/<title>.*<\/title>//' \
		"$work/r.html" | sed -e 's/<[^>]*>/\n/g' -e 's/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&amp;/\&/g' >"$work/r.html.txt"
	"$figures" "$work/r.json" "$work/r.html.txt"
}
html_alone() {
	! grep -qiE '<script|<img|<link|<iframe|src=|url\(|https?:' "$work/r.html" && grep -q '<html lang="en">' "$work/r.html" || return 1
	grep -o 'href="[^"]*"' "$work/r.html" | sort -u | sed 's/href="#\(.*\)"/\1/' >"$work/places"
	[ "$(wc -l <"$work/places")" -gt 20 ] || return 1
	while read -r place; do grep -q "id=\"$place\"" "$work/r.html" || return 1; done <"$work/places"
}
html_balanced() { # every tag that is opened is closed
	for tag in html head body header main nav ul li section h1 h2 h3 h4 p dl dt dd div table thead tbody tr th td; do
		[ "$(grep -oE "<$tag( [^>]*)?>" "$work/r.html" | wc -l)" -eq "$(grep -o "</$tag>" "$work/r.html" | wc -l)" ] || { echo "$tag"; return 1; }
	done
}
html_hostile() { # what somebody wrote into a register or a name is text
	"$tickmark" init "$work/hostile" --name '<script>alert("1")</script>&amp;' --from 2024-01-01 --to 2024-12-31 &&
		"$tickmark" -C "$work/hostile" report --out "$work/h.html" && ! grep -qi '<script' "$work/h.html" &&
		grep -qF '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;amp;' "$work/h.html"
}
# Where the organization stands, for its own people.
readiness() {
	for form in pdf html json; do "$tickmark" -C "$work/org" report --readiness --out "$work/w.$form" || return 1; done
	text=$(pdftotext -layout "$work/w.pdf" - | tr -s ' \n' ' ')
	for words in "Readiness for a SOC 2 examination" "What to do next" "AVL-02, Availability measurement against commitment: look at 10 deviations" \
		"366 of 366" "Registers and populations without a record"; do
		case $text in *"$words"*) ;; *) echo "no: $words"; return 1 ;; esac
		[ "$words" = "Registers and populations without a record" ] || grep -qF "$words" "$work/w.html" || { echo "HTML: no $words"; return 1; }
	done
	grep -qF '"criteria":[{"controls"' "$work/w.json" && qpdf --check "$work/w.pdf" >/dev/null && ! grep -q "<script" "$work/w.html"
}
check "readiness is a report as well" readiness
check "its draft as HTML is made" "$tickmark" -C "$work/org" report --out "$work/r.html"
check "with every figure, in the same order" html_figures
check "needing nothing else, with a place for each link" html_alone
check "every tag of it is closed" html_balanced
check "what others wrote is text in it" html_hostile
# figure_missed SED NAME: the same text with one figure otherwise is not let through
figure_missed() {
	sed "$1" "$work/r.txt" >"$work/wrong.txt"
	! cmp -s "$work/r.txt" "$work/wrong.txt" || return 1
	"$figures" "$work/r.json" "$work/wrong.txt"
	[ $? -eq 1 ]
}
check "a figure that is another is found" figure_missed '0,/^283 unknown/s//284 unknown/'
check "a figure that is missing is found" figure_missed '0,/^283 unknown/s//unknown/'
check "a figure too many is found" figure_missed '0,/^283 unknown/s//283 283 unknown/'
check "another count of a test is found" figure_missed '0,/14947/s//14946/'
# swap_found HEADS: the first two figures below a table's heads that differ change places, and that is not let through
swap_found() {
	awk -v heads="$1" '
		{ line[NR] = $0 }
		index($0, heads) == 1 && !from { from = NR + 1 }
		END {
			for (i = from; from && i <= NR && !done; i++) {
				rest = line[i]
				at = 1
				while (match(rest, /(^|[ .-])[0-9]+($|[ .-])/) && !done) {
					start = RSTART; end = RSTART + RLENGTH - 1
					if (substr(rest, start, 1) !~ /[0-9]/) start++
					if (substr(rest, end, 1) !~ /[0-9]/) end--
					word = substr(rest, start, end - start + 1)
					if (!n) { n = 1; first = word; fl = i; fa = at + start - 1 }
					else if (word != first) {
						done = 1
						a = at + start - 1
						line[i] = substr(line[i], 1, a - 1) first substr(line[i], a + length(word))
						line[fl] = substr(line[fl], 1, fa - 1) word substr(line[fl], fa + length(first))
						print "# " first " and " word " of " line[fl] > "/dev/stderr"
					}
					at += end
					rest = substr(rest, end + 1)
				}
			}
			for (i = 1; i <= NR; i++) print line[i]
		}' "$work/r.txt" >"$work/wrong.txt"
	[ "$(grep -oE '[0-9]+' "$work/r.txt" | sort)" = "$(grep -oE '[0-9]+' "$work/wrong.txt" | sort)" ] || return 1
	cmp "$work/r.txt" "$work/wrong.txt" && return 1
	"$figures" "$work/r.json" "$work/wrong.txt"
	[ $? -eq 1 ]
}
check "two figures swapped are found among the controls" swap_found "Control What the organization does"
check "two figures swapped are found among the tests" swap_found "Test Population Tested Met"
check "two figures swapped are found among the attributes" swap_found "What must be true Expression"
check "two figures swapped are found among the deviations" swap_found "What deviates In Why"
check "two figures swapped are found in the windows" swap_found "Control What it is Due Windows"
check "two figures swapped are found in the coverage" swap_found "Source Records First and last"
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
check "two figures swapped are found in a register" swap_found "Control What user entities must do"
# What changed before the period (2023-07-01 to 2024-06-30), in it and after it.
cat >"$work/changes.yaml" <<'Y'
kind: item
collection: service_commitment
as_of: 2022-01-01T00:00:00Z
fields: {commitment_id: SC-9, statement: "We answer within nine days"}
---
kind: item
collection: service_commitment
as_of: 2023-01-01T00:00:00Z
fields: {commitment_id: SC-9, statement: "We answer within eight days"}
---
kind: item
collection: service_commitment
as_of: 2023-09-01T00:00:00Z
fields: {commitment_id: SC-9, statement: "We answer within seven days"}
---
kind: item
collection: service_commitment
as_of: 2024-02-01T00:00:00Z
fields: {commitment_id: SC-9, statement: "We answer within six days"}
---
kind: item
collection: service_commitment
as_of: 2024-09-01T00:00:00Z
fields: {commitment_id: SC-9, statement: "We answer within five days"}
---
kind: item
collection: service_commitment
as_of: 2022-01-01T00:00:00Z
fields: {commitment_id: SC-8, statement: "We fax receipts", superseded_at: 2023-05-01T00:00:00Z}
---
kind: item
collection: service_commitment
fields: {commitment_id: SC-7, statement: "We keep backups abroad", effective_at: 2022-01-01T00:00:00Z}
---
kind: item
collection: service_commitment
fields: {commitment_id: SC-6, statement: "We will speak Latin", effective_at: 2024-08-01T00:00:00Z}
---
kind: item
collection: incident
fields: {incident_id: I-before, detected_at: 2023-06-30T23:59:59Z, severity: high, dc4_significant: true, dc4_reason: "Long ago"}
---
kind: item
collection: incident
fields: {incident_id: I-in, detected_at: 2024-06-30T23:30:00Z, severity: high, dc4_significant: true, dc4_reason: "Orders were lost"}
---
kind: item
collection: incident
fields: {incident_id: I-small, detected_at: 2024-01-02T08:00:00Z, severity: low, dc4_significant: false, dc4_reason: "A typing error"}
---
kind: item
collection: incident
fields: {incident_id: I-open, detected_at: 2024-01-03T08:00:00Z, severity: low}
---
kind: item
collection: incident
fields: {incident_id: I-after, detected_at: 2024-07-01T00:00:00Z, severity: high, dc4_significant: true, dc4_reason: "Much later"}
---
kind: item
collection: incident
fields: {incident_id: I-undated, severity: high, dc4_significant: true, dc4_reason: "Some day"}
Y
vendors() { # vendors DAY METHOD NAME…: the vendors as they were listed on a day
	day=$1 method=$2
	shift 2
	{
		echo "vendor_id,name,subservice,method,functions"
		for v in "$@"; do echo "V-$v,$v,true,$method,hosting"; done
	} >"$work/vendors.csv"
	"$tickmark" -C "$work/org" ingest csv:vendor "$work/vendors.csv" --extracted-at "$day"
}
says() { # says WORDS… : the description has all of them; "!WORDS" that it has them not
	text=$(pdftotext -layout "$work/r.pdf" - | tr -s ' \n' ' ')
	for words in "$@"; do
		case $words in
		!*) case $text in *"${words#!}"*) echo "in the description: ${words#!}"; return 1 ;; esac ;;
		*) case $text in *"$words"*) ;; *) echo "not in the description: $words"; return 1 ;; esac ;;
		esac
	done
}
as_it_stood() {
	"$tickmark" -C "$work/org" apply "$work/changes.yaml" && vendors 2023-03-01 carve_out Gone && vendors 2023-08-01 carve_out Host Mail &&
	    vendors 2023-11-01 inclusive Host Mail && vendors 2024-04-01 inclusive Host && vendors 2024-10-01 inclusive Host Late || return 1
	for f in pdf json; do "$tickmark" -C "$work/org" report --out "$work/r.$f" || return 1; done
	all_figures && says "We answer within eight days – until 2023-08-31" "We answer within seven days – 2023-09-01 to 2024-01-31" \
	    "We answer within six days – from 2024-02-01" "!nine days" "!five days" "!fax receipts" "We keep backups abroad – throughout" \
	    "!speak Latin" "!Long ago" "Orders were lost" "!A typing error" "!Much later" "!Some day" \
	    "1 were judged significant, 1 were judged not significant, and 1 are not judged yet" "1 more in the register have no date" \
	    "V-Host Host carve_out hosting 2023-08-01 to 2023-08-01" "V-Host Host inclusive hosting from 2023-11-01" \
	    "V-Mail Mail inclusive hosting 2023-11-01 to 2023-11-01" "!V-Gone" "!V-Late"
}
check "the description tells what stood in the period, and what changed in it" as_it_stood
echo "1..$n"
exit $failed
