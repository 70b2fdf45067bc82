#!/bin/sh
# facts.t - every report of the corpus, whole or damaged, gives the figures that FACTS.jsonl has for it,
# but for the files that DIFFER.tsv names;
# TLS and failure reports those of MANIFEST.tsv, and what is neither is no report.
# Needs jq and the corpus: RUASTAT_CORPUS, by default ../shared/corpus beside the checkout.
# The first argument is the program (default: $RUASTAT, or build/plain/ruastat).
# shellcheck disable=SC2086 # $UNDER is a command with its options
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
program=$(realpath "${1:-${RUASTAT:-$top/build/plain/ruastat}}")
corpus=${RUASTAT_CORPUS:-$top/../shared/corpus}

echo 1..2
if ! [ -e "$corpus/FACTS.jsonl" ]; then
	echo "ok 1 - corpus facts # SKIP no corpus at $corpus (RUASTAT_CORPUS)"
	echo "ok 2 - TLS, failure and other # SKIP no corpus at $corpus (RUASTAT_CORPUS)"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$corpus"
jq -r 'select(.class == "whole" or .class == "damaged") | .path' FACTS.jsonl | tr '\n' '\0' |
	xargs -0 -n 500 ${UNDER:-} "$program" parse --json --records >"$work/parsed" || [ $? -eq 123 ]
jq -n -r --slurpfile facts FACTS.jsonl --rawfile differ "$here/DIFFER.tsv" -f "$here/facts.jq" "$work/parsed" >"$work/result"
sed 's/^/# /' "$work/result"
result='ok'
grep -q '^differs' "$work/result" && result='not ok'
echo "$result 1 - corpus facts"

# path, kind, id or domain, sums: what the manifest has ...
awk -F '\t' -v OFS='\t' '
$2 == "tlsrpt" { print $1, "report tlsrpt", $5, $10 }
$2 == "ruf" { print $1, "report failure", $6 == "" ? "?" : $6, "" }
$2 == "other" { print $1, "not_a_report", "", "" }' MANIFEST.tsv | LC_ALL=C sort >"$work/want"
# ... and what we read; the manifest is silent about the domain of one.
cut -f 1 "$work/want" | tr '\n' '\0' | xargs -0 ${UNDER:-} "$program" parse --json |
	jq -r '[.file, ([.outcome, .kind | values] | join(" ")),
		(.tls.report_id // .failure.domain // ""),
		(.tls // empty | "ok=\([.policies[].successful // 0] | add) " +
			"fail=\([.policies[].failed // 0] | add)") // ""] | @tsv' |
	LC_ALL=C sort >"$work/got"
awk -F '\t' '
NR == FNR { want[$1] = $2; name[$1] = $3; sums[$1] = $4; n++; next }
want[$1] != $2 || (name[$1] != "?" && name[$1] != $3) || sums[$1] != $4 { print "differs: " $0; next }
{ equal++ }
END { print "equal " equal + 0 " of " n }' "$work/want" "$work/got" >"$work/result"
sed 's/^/# /' "$work/result"
wrong='ok'
grep -q '^differs' "$work/result" && wrong='not ok'
[ "$(wc -l <"$work/want")" -eq "$(wc -l <"$work/got")" ] || wrong='not ok'
echo "$wrong 2 - TLS, failure and other"
[ "$result$wrong" = okok ]
