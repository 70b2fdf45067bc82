#!/bin/bash
# The benchmark works, and its figures agree with each other.  How fast it went decides nothing here.
# timeout: 120
set -u
cd "$(dirname "$0")/../.." || exit 1
export RUASTAT_TEST_NOSYNC=1
work=$(mktemp -d /tmp/bench-XXXXXX)
trap 'rm -rf "$work"' EXIT
count=0

result()
{
	local status=$1

	shift
	count=$((count + 1))
	if [ "$status" -eq 0 ]; then
		echo "ok $count - $*"
	else
		echo "not ok $count - $*"
		sed 's/^/# /' "$work/out" "$work/err"
	fi
}

# Whether an awk condition holds.
holds()
{
	awk "BEGIN { exit !($1) }"
	result $? "$2 ($1)"
}

before=$(ls -d "${TMPDIR:-/tmp}"/ruastat-bench-* 2>/dev/null)
tests/bench/run --quick >"$work/out" 2>"$work/err"
result $? 'one round on 1,000 mails runs'
[ ! -s "$work/err" ]
result $? 'and has nothing to complain about'
read -r mails reports records < <(sed -n \
	'1s/^\([0-9]*\) mails .* \([0-9]*\) reports, \([0-9]*\) records$/\1 \2 \3/p' "$work/out")
read -r round parse copy ours ratio _ < <(sed -n 3p "$work/out")
read -r _ _ _ _ minima _ < <(grep '^ratio of the minima' "$work/out" | tr -d ,)
read -r rate _ < <(grep 'reports/s' "$work/out")
each=$(sed -n 's|.*, \([0-9.]*\) us/record$|\1|p' "$work/out")
read -r bytes wal copied < <(sed -n \
	's|^\([0-9.]*\) bytes/record on disk, \([0-9.]*\) of WAL, \([0-9.]*\) copied$|\1 \2 \3|p' "$work/out")
read -r parent worker < <(sed -n \
	's|^peak memory: parent \([0-9.]*\) MB, largest worker \([0-9.]*\) MB.*|\1 \2|p' "$work/out")

[ "$mails $reports $round" = '1000 1000 1' ]
result $? '1,000 mails, one round'
holds "$parse > 0 && $copy > 0 && $ours > 0" 'each part took its time'
holds "($ratio - $ours / ($parse + $copy)) ^ 2 < 0.01" 'the ratio is that of the times'
holds "($minima - $ratio) ^ 2 < 0.0001" 'of one round the minima are the round'
holds "($rate * $ours / 1000 - 1) ^ 2 < 0.0001" 'reports per second are reports by seconds'
holds "($each * $rate * $records / $reports / 1e6 - 1) ^ 2 < 0.0001" \
	'so are microseconds per record'
holds "$bytes > 50 && $wal > 50 && $copied > 50" 'rows take room'
holds "$parent > 5 && $worker > 5" 'processes take memory'
[ "$(ls -d "${TMPDIR:-/tmp}"/ruastat-bench-* 2>/dev/null)" = "$before" ]
result $? 'nothing is left behind'

tests/bench/imap --quick >"$work/out" 2>"$work/err"
status=$?
if ! grep -q "^1\.\.0 # SKIP" "$work/out"; then
	[ $status -eq 0 ]
	result $? 'one round on 1,000 mails behind IMAP runs'
	grep -q '^1000 mails ' "$work/out"
	result $? 'on as many'
	read -r round files near ratio far far_ratio _ < <(sed -n '/^ *1 /p' "$work/out")
	holds "${round:-0} == 1 && ${files:-0} > 0 && ${near:-0} > 0 && ${far:-0} > 0.3" \
		'each part took its time, the far one that of the line'
	holds "(${ratio:-9} - ${near:-0} / ${files:-1}) ^ 2 < 0.01 && (${far_ratio:-9} - ${far:-0} / ${files:-1}) ^ 2 < 0.01" \
		'the ratios are those of the times'
fi
echo "1..$count"
