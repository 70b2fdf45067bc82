#!/bin/sh
# facts.t - every report of the corpus gives the figures that FACTS.jsonl has for it.
# Needs jq and the corpus: RUASTAT_CORPUS, by default ../shared/corpus beside the checkout.
# The first argument is the program (default: build/plain/ruastat).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
program=$(realpath "${1:-$top/build/plain/ruastat}")
corpus=${RUASTAT_CORPUS:-$top/../shared/corpus}

echo 1..1
if ! [ -e "$corpus/FACTS.jsonl" ]; then
	echo "ok 1 - corpus facts # SKIP no corpus at $corpus (RUASTAT_CORPUS)"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$corpus"
jq -r 'select(.class == "whole") | .path' FACTS.jsonl | tr '\n' '\0' |
	xargs -0 -n 500 "$program" parse --json --records >"$work/parsed" || [ $? -eq 123 ]
jq -n -r --slurpfile facts FACTS.jsonl -f "$here/facts.jq" "$work/parsed" >"$work/result"
sed 's/^/# /' "$work/result"
if grep -q '^differs' "$work/result"; then
	echo "not ok 1 - corpus facts"
	exit 1
fi
echo "ok 1 - corpus facts"
