#!/bin/bash
# corpus.t - what "ruastat parse --json --records" says of each file below tests/corpus.
#
# Beside each input stands INPUT.golden: the output, byte for byte; "make golden" (--golden)
# rewrites them.  What a person expects of each stands in tests/corpus/EXPECT.tsv, a line a part,
# and nothing rewrites that: a golden file that lost a report cannot pass.
set -u
cd "$(dirname "$0")/../.." || exit 1
ruastat=${RUASTAT:-build/plain/ruastat}
out=$(mktemp)
trap 'rm -rf "$out" "$out".*' EXIT
n=0
status=0

say()
{
	n=$((n + 1))
	echo "$1 $n - $2"
	[ "$1" = ok ] || status=1
}

mapfile -t inputs < <(find tests/corpus -mindepth 2 -type f ! -name '*.golden' | LC_ALL=C sort)
# All in one run, whose lines name their files; what says nothing leaves no file.
mkdir "$out.d"
# shellcheck disable=SC2086 # a command with its options
${UNDER:-} "$ruastat" parse --json --records "${inputs[@]}" >"$out" 2>"$out.err"
code=$?
if [ $code -eq 0 ] || [ $code -eq 2 ]; then
	say ok 'all are read'
else
	say 'not ok' 'all are read'
	echo "# exit status $code"
	sed 's/^/# /' "$out.err"
fi
printf '%s\n' "${inputs[@]}" | awk -v dir="$out.d" '
	NR == FNR { number[$0] = NR; next }
	match($0, /^\{"file":"[^"]*"/) { n = number[substr($0, 10, RLENGTH - 10)] }
	n != last { if (last) close(dir "/" last); last = n }
	{ print >>(dir "/" n + 0) }' - "$out"
for ((i = 0; i < ${#inputs[@]}; i++)); do
	input=${inputs[$i]} said=$out.d/$((i + 1))
	if [ "${1:-}" = --golden ]; then
		cp "$said" "$input.golden"
	elif cmp -s "$said" "$input.golden"; then
		say ok "$input"
	else
		say "not ok" "$input"
		diff "$input.golden" "$said" 2>&1 | head -n 20 | cut -c 1-400 | sed 's/^/# /'
	fi
done
jq -r 'select(.record == null) |
	[(.file | ltrimstr("tests/corpus/")), .outcome, .kind // "", .report.record_count // "",
	.report.message_count // "", .reason // ""] | @tsv' "$out" >"$out.parts"
if [ -e "$out.d/0" ]; then
	say 'not ok' 'every line names its file'
	head -n 3 "$out.d/0" | cut -c 1-400 | sed 's/^/# /'
fi

# Every line of EXPECT.tsv in its order, and no part more; the reason need only contain the word.
grep -v '^#' tests/corpus/EXPECT.tsv | LC_ALL=C sort -s -k 1,1 -t "$(printf '\t')" >"$out.expect"
if paste "$out.expect" "$out.parts" | awk -F '\t' '
	{ for (i = 1; i <= 5; i++) if ($i != $(i + 6)) bad = 1
	  if (index(tolower($12), tolower($6)) == 0) bad = 1
	  if (bad) { print "# expected: " $1, $2, $3, $4, $5, $6 " got: " $7, $8, $9, $10, $11, $12; exit 1 } }'
then
	say ok "EXPECT.tsv"
else
	say "not ok" "EXPECT.tsv"
fi

# The rules of QUIRKS.md are those the golden files show, each somewhere and no other.
sed -n 's/^| `\([a-z0-9]\+\(-[a-z0-9]\+\)\+\)` |.*/\1/p' parser/QUIRKS.md >"$out.rules"
find tests/corpus -name '*.golden' -exec cat {} + | jq -r '.quirks[]?.rule' |
	LC_ALL=C sort -u >"$out.shown"
if differ=$(diff "$out.rules" "$out.shown"); then
	say ok "QUIRKS.md"
else
	say "not ok" "QUIRKS.md (<) and the rules in golden files (>)"
	printf '%s\n' "$differ" | sed 's/^/# /'
fi
echo "1..$n"
exit $status
