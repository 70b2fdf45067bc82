#!/bin/bash
# What strangers send to hurt, all of it in one run among good mails: each ends as a row that says
# what is wrong, in time, its worker within its memory; all good ones are imported.
# timeout: 240
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

full=${RUASTAT_DRILL:-}
use_state state
mailgen --story bench --reports 100 --days 30 "$work/good" >"$work/made"

# A mail whose worker does ${1}; the word of the environment is not to be guessed.
deed()
{
	mail "$work/harmless.xml" | sed "2i X-Ruastat-Test: ${2:-$RUASTAT_TEST_WORKER} $1"
}

report harmless.example harmless example.org 1700006400 1700092799 '192.0.2.1 3' | put "$work/harmless.xml"
new_dir "$work/mails"
"${as[@]}" node "$SRC/tests/integration/hostile.mjs" "$work/mails" "$full" >"$work/wanted" 2>"$work/err"
result $? "$(wc -l <"$work/wanted") hostile mails, $(du -sm "$work/mails" | cut -f 1) MB"

export RUASTAT_TEST_WORKER=$RANDOM$RANDOM
seconds=3
unpacked=100MB
[ "$full" != full ] || seconds=15 unpacked=1GB
[ -z "${SLOW:-}" ] || seconds=12 # in a build that looks for errors
while IFS=$'\t' read -r name reason; do
	# A sanitizer tells of this one in its own way.
	[[ $B != *address* ]] || [ "$name" != worker-crash ] || continue
	deed "${name#worker-}" | put "$work/mails/$name"
	printf '%s\tcorrupt\t%s\n' "$name" "$reason" >>"$work/wanted"
done <<-END
	worker-crash	^the parser crashed .signal 11.$
	worker-abort	^the parser crashed .signal 6. or needed more than 512 MB of memory; worker_memory raises it$
	worker-exit	^the parser ended in the middle of a mail .exit status 0.$
	worker-spin	^needed more than $seconds s of CPU time; worker_seconds raises it$
	worker-hang	^the parser hung for $seconds s; worker_wait raises it$
	worker-memory	^the parser crashed .signal 6. or needed more than 512 MB of memory; worker_memory raises it$
	worker-babble	^the parser sent what is no frame$
	worker-forge	.
END
deed crash wrong | put "$work/mails/no-deed"
printf '%s\t%s\t\n' no-deed 'imported|duplicate' >>"$work/wanted"

# The highest resident memory of any worker of process ${1}, in KiB, into $worker, and the most CPU
# time that one used, in seconds, into $cpu.
watch()
{
	local p n children

	worker=0
	cpu=0
	while [ -d "/proc/$1/task" ]; do
		children=$(cat "/proc/$1/task/$1/children" 2>/dev/null)
		for p in $children; do
			[[ $(cat "/proc/$p/comm" 2>/dev/null) = ruastat* ]] || continue
			n=$(awk '/^VmHWM:/ { print $2 }' "/proc/$p/status" 2>/dev/null)
			[ "${n:-0}" -le "$worker" ] || worker=$n
			n=$(awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) / hz) }' "/proc/$p/stat" 2>/dev/null)
			[ "${n:-0}" -le "$cpu" ] || cpu=$n
		done
		sleep 0.05
	done
}

# Ingest ${1}, watched.
watched()
{
	"${as[@]}" "$work/ruastat" ingest --config "$work/conf" --json "$1" >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
	start=$(milliseconds)
	watch "$pid"
	wait "$pid"
	status=$?
	took=$(($(milliseconds) - start))
}

# Smaller ceilings, so that what meets them does so soon; in the long form those of core/limits.h.
printf 'state_dir = "%s"\nmax_unpacked_size = %s\nworker_seconds = %d\nworker_wait = %d\n' "$state" "$unpacked" \
	$seconds $seconds | put "$work/conf"
: | put "$work/nothing"
ingest "$work/nothing"
hold_up
i=0
while IFS=$'\t' read -r name _; do
	"${as[@]}" ln "$work/mails/$name" "$work/good/new/$((1795100000 + i++)).M1P1.$name"
done <"$work/wanted"
watched "$work/good"
is "$status" 2 "all of them among $(jq -r .reports "$work/made") good reports, in one run"
diag "$took ms, worker $((worker / 1024)) MB"
[ "$took" -lt 90000 ] || [ "$full" = full ]
result $? 'in time'
if [[ $B = *address* ]]; then
	skip 'no worker above its limit' 'a sanitizer needs its own'
else
	[ "$worker" -gt 0 ] && [ "$worker" -lt $((512 * 1024)) ]
	result $? 'no worker above its limit'
fi
sql "SELECT substring(i.name FROM '[^.]*$') || E'\t' || i.outcome || E'\t' || coalesce((SELECT p.reason FROM ruastat.intake_parts p
	WHERE p.intake_id = i.intake_id ORDER BY p.outcome = 'too_big' DESC, p.outcome = i.outcome DESC, n LIMIT 1), '') FROM ruastat.intake i
	WHERE i.name LIKE 'new/179510%'" >"$work/became"
while IFS=$'\t' read -r name outcome reason; do
	got=$(awk -F '\t' -v name="$name" '$1 == name { print $2 "\t" $3 }' "$work/became")
	[[ ${got%%$'\t'*} =~ ^($outcome)$ ]] && [[ ${got#*$'\t'} =~ $reason ]]
	result $? "$name: ${got/$'\t'/: }"
done < <(sort "$work/wanted")
is "$(sql "SELECT count(*), sum(records), sum(messages) FROM ruastat.reports
	WHERE org_name NOT IN ('hostile.example', 'harmless.example')")" \
	"$(jq -r '"\(.reports)|\(.records)|\(.messages)"' "$work/made")" 'all good ones are imported'
is "$(sql "SELECT count(*) FROM ruastat.intake WHERE outcome IN ('corrupt', 'too_big', 'refused', 'unsupported')
	AND NOT EXISTS (SELECT FROM ruastat.intake_parts p WHERE p.intake_id = intake.intake_id AND p.reason <> '')")" 0 \
	'none without a reason'
is "$(sql "SELECT count(*) FROM ruastat.reports WHERE report_id = 'beside'")" 1 'and the report beside a bomb'
verifies 'verify finds nothing wrong'
watched "$work/good"
is "$status $(totals mails)" '0 0' 'none is met again'

# Without the variable nobody can make a worker do anything.
deed crash | put "$work/crash"
unset RUASTAT_TEST_WORKER
ingest "$work/crash"
is "$status $(totals duplicate)" '0 1' 'without the variable the field says nothing'

# A mail that is too large is not read at all.
maildir "$work/large"
"${as[@]}" ln "$work/mails/sparse-1-gb" "$work/large/new/1"
if [[ $B = *address* ]] || ! strace -o "$work/trace" true 2>/dev/null; then
	skip 'a mail of 1 GB is refused unread' 'needs strace, and a worker without a sanitizer'
else
	sql 'TRUNCATE ruastat_data.seen' >"$work/truncated"
	strace -f -o "$work/trace" -e trace=read,pread64 -P "$work/large/new/1" "${as[@]}" "$work/ruastat" ingest \
		--config "$work/conf" --json "$work/large" >"$work/out" 2>"$work/err" </dev/null
	is "$? $(totals too_big) $(grep -c 'read' "$work/trace")" '2 1 0' 'a mail of 1 GB is refused unread'
fi

if [ "$full" = full ]; then
	while IFS=$'\t' read -r name outcome reason; do
		[[ $name != worker-* ]] || continue
		sql 'TRUNCATE ruastat_data.seen' >"$work/truncated"
		maildir "$work/one-$name"
		"${as[@]}" ln "$work/mails/$name" "$work/one-$name/new/1"
		watched "$work/one-$name"
		diag "$name: $took ms, worker $((worker / 1024)) MB, $cpu s of CPU time"
		# On a machine that others use the clock tells nothing.
		[ "$cpu" -lt 16 ] && { [ "$took" -lt 20000 ] || awk '{ exit $1 < 4 }' /proc/loadavg; }
		result $? "$name in time"
	done <"$work/wanted"
fi
done_testing
