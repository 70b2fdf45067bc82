#!/bin/bash
# A week of cron in fast motion: a run an hour, mails trickling in, a backup a day, PostgreSQL killed and
# stopped, the machine rebooted: exact, silent, and nothing that grows but the data.
# timeout: 900
#
# A day of it; the week with RUASTAT_DRILL=full.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

hours=24
[ "${RUASTAT_DRILL:-}" != full ] || hours=168
seed=${RUASTAT_DRILL_SEED:-$SRANDOM}
RANDOM=$seed
diag "seed $seed"
use_state state
box=$work/Maildir
maildir "$box"
printf '%s\n' "state_dir = \"$state\"" "source reports { path = \"$box\" after = move move_to = Done }" | put "$work/conf"
: >"$work/facts"
: >"$work/made"
: >"$work/postmasters"
: >"$work/heard"
: >"$work/said"
: >"$work/later"
clock_make
with+=("RUASTAT_TEST_NOSYNC=$RUASTAT_TEST_NOSYNC")
[ "${RUASTAT_DRILL:-}" != full ] || unset 'with[-1]'

# As cron does it: no terminal, and hardly a variable.
cron()
{
	timeout 120 "${as[@]}" env -i "HOME=$work" PATH=/usr/bin:/bin LOGNAME=x SHELL=/bin/sh "${with[@]:1}" \
		"$work/ruastat" "$@" </dev/null
}

# Mails that came by the hour ${1}, of a kind ${2}.
deliver()
{
	mailgen --add --seed $((2 * $1 + $2)) --story bench --reports $((RANDOM % 12)) --duplicates $((RANDOM % 3 / 2)) \
		--noise $((RANDOM % 3)) --facts "$work/facts.now" "$box" >>"$work/made" 2>"$work/null" || result 1 "mails for hour $1"
	cat "$work/facts.now" >>"$work/facts"
}

postmaster()
{
	head -n 1 "$state/data/postmaster.pid" 2>/dev/null
}
is_up()
{
	[ -n "$(postmaster)" ] || ! kill -0 "$run" 2>/dev/null
}

# Everything that is ours dies at once, as when the power goes.
power_off()
{
	local pids

	mapfile -t pids < <(ours)
	[ ${#pids[@]} = 0 ] || kill -KILL "${pids[@]}" 2>/dev/null
}

# The run of the hour ${1}, and what happens to it.
hour()
{
	local h=$1 what=${events[$1]:-nothing} pid

	echo $((h * 3600)) >"$work/clock"
	deliver "$h" 0
	cron ingest --config "$work/conf" >"$work/out" 2>"$work/err" &
	run=$!
	[ $((h % 4)) -gt 0 ] || deliver "$h" 1
	if [ $((h % 5)) = 0 ]; then
		cron ingest --config "$work/conf" >"$work/second" 2>&1
		[ "$?$(cat "$work/second")" = 0 ] || echo "hour $h: a second run: $(cat "$work/second")" >>"$work/heard"
	fi
	case $what in
	nothing) ;;
	*)
		until_true is_up
		sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
		pid=$(postmaster)
		[ -z "$pid" ] || echo "$pid" >>"$work/postmasters"
		;;
	esac
	case $what in
	killed) [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null ;;
	stopped) [ -z "$pid" ] || kill -INT "$pid" 2>/dev/null ;;
	rebooted) power_off ;;
	esac
	{ wait $run; } 2>/dev/null
	status=$?
	[ "$what" != nothing ] && diag "hour $h: $what, exit status $status"
	[ "$what" = rebooted ] && return
	# What a server that crashes says to somebody who is just connecting libpq prints by itself.
	[ "$what" = nothing ] || sed -i -E '/^(WARNING|FATAL|DETAIL|HINT):  /d' "$work/err"
	[ "$status$(cat "$work/out" "$work/err")" = 0 ] ||
		echo "hour $h: $what: exit status $status: $(cat "$work/out" "$work/err")" >>"$work/said"
	# Who loses the server as it begins may leave it to the next run, and says so.
	grep -vE '^hour [0-9]+: (killed|stopped): exit status 75: ' "$work/said" >>"$work/heard"
	cat "$work/said" >>"$work/later"
	: >"$work/said"
}

backup()
{
	local file=$work/backup-$1

	if "$work/ruastat" --help 2>&1 | grep -qw backup; then
		"${as[@]}" rm -f "$file"
		cron backup --config "$work/conf" "$file" >"$work/out" 2>&1 || echo "backup $1" >>"$work/out"
		[ -s "$file" ] || echo "no backup $1" >>"$work/out"
		[ ! -s "$work/out" ] || sed "s/^/day $1: /" "$work/out" >>"$work/heard"
	else
		hold_up
		sql 'SELECT 1' >"$work/null"
		"${as[@]}" env -C "$work" pg_dump -h "$state" -U ruastat postgres >"$file" 2>>"$work/heard"
		let_down
	fi
}

# What may not grow: descriptors and processes there are none of after a run; files that are no data.
residue()
{
	find "$state" -path "$state/data/base" -prune -o -path "$state/data/pg_*" -prune -o -type f -printf '%P\n' |
		sed -E 's|^locks/.*|locks/*|' | sort | uniq -c
	find "${TMPDIR:-/tmp}" -maxdepth 1 -user "$user" -name 'ruastat-[a-su-z]*' 2>/dev/null
	find "$state/data/pg_dynshmem" -type f
}

events=()
for ((h = 7; h < hours; h += 11)); do
	events[h]=killed
done
for ((h = 4; h < hours; h += 13)); do
	events[h]=stopped
done
for ((h = 10; h < hours; h += 9)); do
	events[h]=rebooted
done
start=$(milliseconds)
for ((h = 0; h < hours; h++)); do
	hour $h
	[ -n "${events[h]:-}" ] || [ $((h % 3)) -gt 0 ] || left_over "$box" | sed "s/^/hour $h: /" >>"$work/heard"
	if [ $((h % 24)) = 9 ]; then
		backup $((h / 24))
		residue >"$work/residue-$((h / 24))"
	fi
done
took=$(($(milliseconds) - start))
diag "$hours runs, $(grep -c . <<<"${events[*]/%/$'\n'}") of them disturbed, in $took ms"
echo $((hours * 3600)) >"$work/clock"
cron ingest --config "$work/conf" --json >"$work/out" 2>"$work/err"
is "$? $(cat "$work/err")" '0 ' 'the last run is fine'
: >"$work/out"
diag "$(wc -l <"$work/later") of them left it to the next one"
sed 's/^/# /' "$work/later"
is "$(cat "$work/heard")" '' 'every run was silent, and left nothing over'
is "$(left_over "$box")" '' 'nothing is left over at the end'
residue >"$work/residue-end"
same "$work/residue-end" "$work/residue-0" 'as many files as on the first day, but for data'

hold_up
with=()
sort -u "$work/facts" >"$work/facts.once"
told "$work/facts.once" >"$work/told"
stored >"$work/stored"
same "$work/stored" "$work/told" "each of $(wc -l <"$work/told") reports says what it said"
is "$(sql "SELECT count(*), count(*) FILTER (WHERE outcome = 'not_a_report') FROM ruastat.intake")" \
	"$(jq -s -r '"\(map(.mails) | add)|\(map(.not_reports) | add)"' "$work/made")" 'every mail was counted once'
is "$(find "$box/new" "$box/cur" -type f | wc -l) $(find "$box/.Done/cur" -type f | wc -l)" \
	"$(jq -s -r '"\(map(.not_reports) | add) \(map(.mails - .not_reports) | add)"' "$work/made")" \
	'the ordinary mails are where they were, the others in the target'
verifies
let_down
log=$(cat "$state"/log/* | wc -l)
[ "$log" -lt $((hours * 60)) ]
result $? "the log of PostgreSQL is short: $log lines"
diag "the state directory has $(du -sm "$state" | cut -f 1) MB, its log $(du -sk "$state/log" | cut -f 1) kB"
done_testing
