#!/bin/bash
# Kill -9 again and again while mails trickle in and are imported all the time, from two mailboxes at once:
# whatever dies, and whenever, all is exact in the end.
# timeout: 5400
#
# A dozen kills; with RUASTAT_DRILL=full a thousand, in an hour.  RUASTAT_DRILL_KILLS and
# RUASTAT_DRILL_SECONDS say other figures, RUASTAT_DRILL_SEED repeats mails and plan.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

kills=12 seconds=8
if [ "${RUASTAT_DRILL:-}" = full ]; then
	unset RUASTAT_TEST_NOSYNC
	kills=1000 seconds=3600
fi
kills=${RUASTAT_DRILL_KILLS:-$kills}
seconds=${RUASTAT_DRILL_SECONDS:-$seconds}
seed=${RUASTAT_DRILL_SEED:-$SRANDOM}
RANDOM=$seed
diag "seed $seed"

use_state state
pool=$work/pool
noise=$((kills + 50))
mailgen --story bench --seed $((seed % 360)) --reports $((kills * 40 + 500)) --duplicates $((kills + 50)) --noise $noise \
	--facts "$work/facts" "$pool" >"$work/made"
mails=$(jq .mails "$work/made")
find "$pool" -type f -print0 | xargs -0 sha256sum | cut -d ' ' -f 1 | sort | sha256sum >"$work/hashes"
maildir "$work/one"
maildir "$work/two"
: >"$work/postmasters"
: >"$work/complaints"
: >"$work/ends"
: >"$work/going"

# Mails come, a few at a time.
find "$pool/new" "$pool/cur" -type f | shuf --random-source=<(yes "$seed") >"$work/paths"
trickle()
{
	local at=0 n to=one

	while [ $at -lt "$mails" ]; do
		n=$((1 + RANDOM % (mails * 2 / (seconds * 5) + 2)))
		tail -n +$((at + 1)) "$work/paths" | head -n $n | "${as[@]}" xargs -d '\n' mv -t "$work/$to/new"
		at=$((at + n))
		[ $to = one ] && to=two || to=one
		[ -e "$work/going" ] || n=0
		[ $n = 0 ] || sleep 0.2
	done
}

# What ends well, later, or by a kill is started again.
import()
{
	local rc

	while [ -e "$work/going" ]; do
		"${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" --after move --move-to Done "$work/$1" \
			</dev/null >"$work/$1.out" 2>&1
		rc=$?
		echo $rc >>"$work/ends"
		# What a server that crashes says to somebody who is just connecting libpq prints by itself.
		grep -vE '^(WARNING|FATAL|DETAIL|HINT):  ' "$work/$1.out" | sed "s/^/$rc: /" >>"$work/complaints"
		case $rc in
		0 | 75 | 137) ;;
		*) echo "$rc: an exit status that is none" >>"$work/complaints" ;;
		esac
	done
}

# One of a kind, or nobody.
find_victims()
{
	case $1 in
	parent) pgrep -u "$user" -x ruastat ;;
	worker) pgrep -u "$user" -x ruastat-worker ;;
	postmaster) head -n 1 "$state/data/postmaster.pid" ;;
	backend) pgrep -P "$(head -n 1 "$state/data/postmaster.pid")" ;;
	all) ours ;;
	esac 2>/dev/null | grep -xFf <(ours) | if [ "$1" = all ]; then cat; else shuf -n 1; fi
}

strike()
{
	local kind=$1 pids

	head -n 1 "$state/data/postmaster.pid" 2>/dev/null >>"$work/postmasters"
	mapfile -t pids < <(find_victims "$kind")
	[ ${#pids[@]} -gt 0 ] && kill -KILL "${pids[@]}" 2>/dev/null
}

{ trickle & } 2>/dev/null
trickling=$!
loops=()
for name in one two; do
	import $name 2>"$work/null" &
	loops+=($!)
done
kinds=(parent worker postmaster backend backend worker parent all)
declare -A landed=([parent]=0 [worker]=0 [postmaster]=0 [backend]=0 [all]=0)
start=$(milliseconds)
for ((i = 0; i < kills; )); do
	left=$((start + seconds * 1000 * (i + 1) / kills - $(milliseconds)))
	if [ $left -gt 0 ]; then
		at=$(((RANDOM * 32768 + RANDOM) % (left * 2)))
		sleep "$((at / 1000)).$(printf %03d $((at % 1000)))"
	fi
	kind=${kinds[RANDOM % ${#kinds[@]}]}
	for ((try = 0; try < 200; try++)); do
		if strike "$kind"; then
			landed[$kind]=$((${landed[$kind]} + 1))
			i=$((i + 1))
			break
		fi
		sleep 0.01
	done
	[ $(($(milliseconds) - start)) -lt $((seconds * 1500 + 60000)) ] || break
done
took=$((($(milliseconds) - start) / 1000))
rm "$work/going"
wait $trickling "${loops[@]}" 2>/dev/null
is $i "$kills" "so many kills landed"
diag "in $took s: $(for kind in "${!landed[@]}"; do echo "$kind ${landed[$kind]}"; done | sort | xargs)"
diag "$(wc -l <"$work/ends") runs ended: $(sort "$work/ends" | uniq -c | awk '{ print $1 " with " $2 }' | xargs)"
sort "$work/complaints" | sed -E 's/[0-9]{3,}/N/g' | sort | uniq -c | sort -rn | head -n 20 | cut -c 1-300 | sed 's/^/# /'
is "$(grep -v '^75: ' "$work/complaints" | head)" '' 'only who has to try again later says why'

# What is left to do is done, by one run for each mailbox.
for name in one two; do
	ingest --after move --move-to Done "$work/$name"
	is "$status $(cat "$work/err")" '0 ' "undisturbed, mailbox $name: fine, and silent"
	ingest --after move --move-to Done "$work/$name"
	is "$status $(totals mails)" '0 0' "and done"
done
hold_up
told "$work/facts" >"$work/told"
stored >"$work/stored"
same "$work/stored" "$work/told" "each of $(wc -l <"$work/told") reports says what it said"
is "$(sql 'SELECT outcome, count(*) FROM ruastat.intake GROUP BY 1 ORDER BY 1' | xargs)" \
	"imported|$(jq .reports "$work/made") duplicate|$(jq .duplicates "$work/made") not_a_report|$noise" \
	'every mail was counted once, and only what came twice is a duplicate'
is "$(find "$work"/{one,two}/{new,cur} -type f | wc -l) $(find "$work"/{one,two}/.Done/cur -type f | wc -l)" \
	"$noise $((mails - noise))" 'the ordinary mails are where they were, the others in the target, once'
is "$(find "$work"/{one,two} -type f -path '*/[cn]*/*' -printf '%f\n' | sed 's/:2,.*//' | sort | uniq -d)" '' 'no mail is there twice'
is "$(find "$work"/{one,two} -type f ! -name maildirfolder -print0 | xargs -0 sha256sum | cut -d ' ' -f 1 | sort | sha256sum)" \
	"$(cat "$work/hashes")" 'not one byte of any has changed'
verifies
let_down
is "$(left_over "$work/one" "$work/two")" '' 'nothing is left over'
done_testing
