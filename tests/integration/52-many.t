#!/bin/bash
# Eight ingesters at once on mailboxes that overlap: the totals of one, and no deadlock.
# timeout: 600
#
# Two rounds; ten with RUASTAT_DRILL=full.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=2 reports=300
[ "${RUASTAT_DRILL:-}" != full ] || rounds=10 reports=1500
use_state state
maildir "$work/none"
ingest "$work/none"
hold_up

# A parent with four subfolders, each of them with its mails; each mail in two folders, so that whoever
# reads the second copy meets a report that somebody else is just storing.
tree=$work/tree
mailgen --story bench --reports $reports --duplicates 20 --noise 20 --days 20 --domains 7 \
	--facts "$work/facts" "$tree" >"$work/made"
told "$work/facts" >"$work/told"
for f in .a .b .c .d; do
	maildir "$tree/$f"
done
find "$tree/new" "$tree/cur" -type f | sort >"$work/paths"
i=0
for f in .a .b .c .d; do
	awk -v i=$i 'NR % 4 == i || NR % 4 == (i + 1) % 4' "$work/paths" |
		"${as[@]}" xargs -d '\n' ln -t "$tree/$f/new"
	i=$((i + 1))
done

# The same mails under the names of others: links to folders, paths that go around, a copy.
round()
{
	local pids=() statuses='' p

	new_dir "$work/links"
	"${as[@]}" ln -sfn "$tree/.a" "$work/links/a"
	"${as[@]}" ln -sfn "$tree" "$work/links/all"
	i=0
	for p in "--subfolders $tree" "$tree/.a" "$tree/.b" "$work/links/a" "--subfolders $work/links/all" \
		"$work/links/../tree/.c" "$tree/.d" "$work/copy"; do
		# shellcheck disable=SC2086 # an option and a path
		timeout 120 "${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" --json $p \
			>"$work/many$i.out" 2>"$work/many$i.err" </dev/null &
		pids+=($!)
		i=$((i + 1))
	done
	for p in "${pids[@]}"; do
		wait "$p"
		statuses="$statuses $?"
	done
	is "$statuses $(cat "$work"/many?.err)" ' 0 0 0 0 0 0 0 0 ' "round $1: eight at once are fine, and silent"
}

for ((r = 1; r <= rounds; r++)); do
	# Each round is the first: what the one before stored goes.
	if [ $r -gt 1 ]; then
		let_down
		use_state "state-$r"
		ingest "$work/none"
		hold_up
	fi
	[ -d "$work/copy" ] || "${as[@]}" cp -r "$tree" "$work/copy"
	round $r
	is "$(cat "$work"/many?.out | jq -s -r '"\(map(.reports) | add) \(map(.records) | add) \(map(.messages) | add) \(map(.conflict) | add)"')" \
		"$(jq -r '"\(.reports) \(.records) \(.messages) 0"' "$work/made")" "round $r: together they store each report once"
	stored >"$work/stored"
	same "$work/stored" "$work/told" "round $r: and each says what it said"
	verifies "round $r: verify"
	# A server that stops may find somebody who is just leaving.
	is "$(grep -E 'deadlock|ERROR:|FATAL:|PANIC:' "$state/log/postgresql.log" |
		grep -v 'terminating connection due to administrator command')" '' \
		"round $r: no deadlock and no error in the log of PostgreSQL"
done
let_down
is "$(left_over "$tree" "$work/copy")" '' 'nothing is left over'
done_testing
