#!/bin/bash
# The targets of tests/fuzz, with what they begin with and what they once failed on.
set -u
cd "$(dirname "$0")/../.." || exit 1
replay=${B:-build/address-undefined}/tests/replay
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 143' INT TERM HUP

n=0
for file in tests/fuzz/*.c; do
	target=$(basename "$file" .c)
	n=$((n + 1))
	mapfile -t files < <(tests/build/fuzz.sh seeds "$target")
	printf 'x' >"$work/x"
	: >"$work/empty"
	if "$replay" "$target" "$work/empty" "$work/x" "${files[@]}" >"$work/out" 2>"$work/err"; then
		echo "ok $n - $target: $((${#files[@]} + 2)) inputs"
	else
		echo "not ok $n - $target"
		echo "# $(tail -n 1 "$work/out")"
		grep -aE 'Assertion|SUMMARY|runtime error' "$work/err" | sed 's/^/# /'
	fi
done
echo "1..$n"
