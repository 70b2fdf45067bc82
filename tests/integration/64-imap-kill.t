#!/bin/bash
# Kill -9 in the middle of reading by IMAP and moving what was read: whatever dies, every mail counts
# once and lies in one place.
# timeout: 1800
#
# RUASTAT_DRILL=full makes it ten kills of each kind, with fsync on; RUASTAT_DRILL_SEED repeats a
# drill's mails and its plan (not the scheduler's part in it).
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/imap.sh
. "$(dirname "$0")/imap.sh"

kills=2 reports=5000 duplicates=200 noise=300
if [ "${RUASTAT_DRILL:-}" = full ]; then
	unset RUASTAT_TEST_NOSYNC
	kills=10 reports=18400 duplicates=600 noise=1000
fi
moving=$((reports + duplicates))
seed=${RUASTAT_DRILL_SEED:-$SRANDOM}
RANDOM=$((seed % 32768))
deadline=1200 # seconds for all of it
kinds=(parent fetcher dovecot postmaster)

use_state state
diag "seed $seed"
mailgen --story bench --seed "$seed" --reports $reports --duplicates $duplicates --facts "$work/facts" \
	"$work/reports" >"$work/made"
mailgen --story bench --seed "$seed" --reports 0 --noise $noise "$work/noise" >"$work/null"
imap_start
result $? 'a Dovecot of our own'
imap_deliver ada Reports "$work/reports"
imap_hashes ada Reports >"$work/hashes-reports"
imap_deliver ada INBOX "$work/reports" "$work/noise"
imap_state ada INBOX >"$work/was"
is "$(wc -l <"$work/was")" $((moving + noise)) "$moving mails with reports, $noise without"
# Not faster than that there is time to kill so often.
node_start delay-proxy "$imaps_port" rate=4000000
result $? 'and a line to it'
imap_conf ada "path=\"imaps://ada@$imap_host:$node_port\"" 'after="move"' 'move_to="Done"' timeout=20 >"$work/source"
{
	printf 'state_dir = "%s"\n' "$state"
	cat "$work/source"
} | put "$work/conf"
inbox=$imap/mail/ada
target=$(imap_dir ada Done)

# Mails in the target by now.
moved()
{
	local all

	shopt -s nullglob
	all=("$target"/new/* "$target"/cur/*)
	shopt -u nullglob
	echo ${#all[@]}
}

runs=0 run=''
start_run()
{
	runs=$((runs + 1))
	"${as[@]}" "$work/ruastat" ingest --config "$work/conf" --json >"$work/out" 2>>"$work/errors" </dev/null &
	run=$!
}

running()
{
	[ -n "$run" ] && kill -0 "$run" 2>/dev/null
}

end_of_run()
{
	local code

	{ wait "$run"; } 2>/dev/null
	code=$?
	run=''
	diag "run $runs ends: $code"
	case $code in
	0 | 75 | 137) return 0 ;;
	*) return 1 ;;
	esac
}

# The process to kill, in $victim; not 0 when there is none at work.
find_victim()
{
	victim=''
	case $1 in
	parent) victim=$run ;;
	fetcher) victim=$(pgrep -P "$run" -x ruastat-fetcher) ;;
	dovecot) victim=$imap_pid ;;
	postmaster) victim=$(head -n 1 "$state/data/postmaster.pid" 2>/dev/null) ;;
	esac
	[ "${victim:-0}" -gt 0 ] 2>/dev/null && kill -0 "$victim" 2>/dev/null
}

# A server that dies between making the copy and taking away the original has the mail twice, and nobody
# can tell it from two: its own doing, known by the inode.
half_moved()
{
	find "$inbox/new" "$inbox/cur" "$target/new" "$target/cur" -type f -links +1 -printf '%i %p\n' | sort |
		awk 'seen[$1]++ { print $2 }' | while read -r file; do
		sed 's/\r*$/\r/' "$file" | sha256sum | cut -c 1-64
	done >>"$work/half"
}

strike()
{
	local kind=$1 before after

	before=$(moved)
	[ "$before" -gt 0 ] && [ "$before" -lt $moving ] && find_victim "$kind" || return 1
	if [ "$kind" = dovecot ]; then
		imap_kill
		after=$(moved)
		half_moved
		imap_again || result 1 'Dovecot comes again'
	else
		kill -KILL "$victim" 2>/dev/null || return 1
		after=$(moved)
	fi
	[ "$after" -lt $moving ] || return 1
	landed[$kind]=$((${landed[$kind]} + 1))
	diag "kill $kind pid $victim moved $before..$after of $moving"
}

# As many of each kind, shuffled over the import.
plan=()
declare -A landed
for kind in "${kinds[@]}"; do
	landed[$kind]=0
	for ((i = 0; i < kills; i++)); do
		plan+=("$((RANDOM * 32768 + RANDOM)) $kind")
	done
done
mapfile -t plan < <(printf '%s\n' "${plan[@]}" | sort -n | cut -d ' ' -f 2)
: >"$work/half"
: >"$work/errors"
failed=0
start=$SECONDS
at=0
start_run
while [ $at -lt ${#plan[@]} ] && [ $((SECONDS - start)) -lt $deadline ]; do
	if ! running; then
		end_of_run || failed=1
		[ "$(moved)" -lt $moving ] && [ $failed = 0 ] || break
		start_run
	fi
	# The last is due when six tenths are moved: the rest is soon done.
	if [ "$(moved)" -gt $((at * moving * 7 / 10 / ${#plan[@]})) ] && strike "${plan[$at]}"; then
		at=$((at + 1))
	fi
	sleep "0.0$((RANDOM % 5))"
done
while [ $failed = 0 ] && [ $((SECONDS - start)) -lt $deadline ]; do
	if ! running; then
		[ -z "$run" ] || end_of_run || failed=1
		[ "$(imap_state ada INBOX | wc -l)" -gt $noise ] && [ $failed = 0 ] || break
		start_run
	fi
	sleep 0.1
done
[ -z "$run" ] || kill "$run"
is $failed 0 "it goes on through ${#plan[@]} kills, in $runs runs"
landed_all=''
want_all=''
for kind in "${kinds[@]}"; do
	landed_all="$landed_all $kind=${landed[$kind]}"
	want_all="$want_all $kind=$kills"
done
is "$landed_all" "$want_all" 'all kills hit, after the first mail was moved and before the last'
grep -vE '^(WARNING|FATAL|DETAIL|HINT):  ' "$work/errors" | sort | uniq -c | sort -rn | head -n 10 | sed 's/^/# /'

ruastat_with ingest --json <"$work/source"
is "$status $(totals mails)" '0 0' 'an undisturbed run finds nothing to do'
hold_up
reports_are "$(jq -r '"\(.reports)|\(.records)|\(.messages)"' "$work/made")" \
	'as many reports, records and messages as were made'
told "$work/facts" >"$work/told"
stored >"$work/stored"
same "$work/stored" "$work/told" 'every report says what it said'
is "$(sql 'SELECT outcome, count(*) FROM ruastat.intake GROUP BY 1 ORDER BY 1' | xargs)" \
	"imported|$reports duplicate|$duplicates not_a_report|$noise" \
	'every mail was counted once, and only what came twice is a duplicate'
imap_state ada INBOX >"$work/is"
grep -vFf "$work/hashes-reports" "$work/was" >"$work/ordinary"
same "$work/is" "$work/ordinary" 'the ordinary mails, and no others, are where they were, as they were'
imap_hashes ada Done >"$work/done"
sort -u "$work/done" >"$work/once"
same "$work/once" "$work/hashes-reports" 'every other mail is in the target'
diag "$(uniq -d "$work/done" | wc -l) of them twice: Dovecot was killed between copy and removal of" \
	"$(sort -u "$work/half" | wc -l)"
uniq -d "$work/done" | comm -23 - <(sort -u "$work/half") >"$work/out"
is "$(wc -l <"$work/out")" 0 'once, but for what Dovecot itself had in both when it was killed'
verifies
kill "${holders[-1]}"
{ wait "${holders[-1]}"; } 2>/dev/null
is "$(for name in ruastat ruastat-fetcher ruastat-worker; do pgrep -u "$user" -x $name; done | while read -r p; do
	[ "$(readlink "/proc/$p/exe")" != "$work/ruastat" ] || echo "$p"
done)" '' 'no process is left'
is "$(find "$state/tmp" -mindepth 1 2>/dev/null)" '' 'and no temporary file'
done_testing
