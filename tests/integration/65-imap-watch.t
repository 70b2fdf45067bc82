#!/bin/bash
# Watching a mailbox by IMAP: what is delivered is stored at once, through disconnections of every kind,
# and nothing grows.
# timeout: 1500
#
# RUASTAT_DRILL=full makes it 500 deliveries and 200 disconnections.
#
# How it is measured: each mail has a report of its own.  Its delivery is the rename into new/; it is
# stored when a psql that looks every 50 ms first sees the report committed.  A mail delivered while
# nobody disturbs the connection has 2 seconds; one that is delivered around a disconnection has that
# and the client's pause before it comes again.
# alone: it measures how soon mails are stored
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/imap.sh
. "$(dirname "$0")/imap.sh"

quiet=60 disconnections=16
if [ "${RUASTAT_DRILL:-}" = full ]; then
	quiet=300 disconnections=200
fi
patience_ms=2000   # undisturbed
patience_cut=12000 # with a disconnection
grown_kb=4096

use_state state
maildir "$work/none"
ingest "$work/none"
hold_up
imap_start
result $? 'a Dovecot of our own'
imap_deliver ada INBOX
inbox=$imap/mail/ada
node_start delay-proxy "$imaps_port"
result $? 'and a line to it that can be cut'
proxy=$node_pid

# When each report was first seen, as "ID SECONDS", in $work/seen.
cat >"$work/look.sql" <<'EOS'
CREATE TEMP TABLE seen (report_id text PRIMARY KEY, at timestamptz);
INSERT INTO seen SELECT report_id, clock_timestamp() FROM ruastat.reports r
WHERE report_id LIKE 'watch-%' AND NOT EXISTS (SELECT FROM seen s WHERE s.report_id = r.report_id)
RETURNING report_id, (extract(epoch FROM at) * 1000)::bigint
\watch 0.05
EOS
"${as[@]}" "$work/ruastat" psql --no-config --state-dir "$state" -- -XqAt -F ' ' \
	<"$work/look.sql" >"$work/seen" 2>&1 &
looker=$!
holders+=("$looker")

# The mails, made before.
"${as[@]}" mkdir "$work/ready"
total=$((quiet + disconnections + 20))
for ((i = 1; i <= total; i++)); do
	report reporter.example "watch-$i" example.org $((1795132800 - i * 86400)) $((1795219199 - i * 86400)) \
		"192.0.2.$((i % 250)) $i" >"$work/watch.xml"
	mail "$work/watch.xml" >"$work/ready/$i"
done
chmod -R a+rX "$work/ready"

given=0
deliver()
{
	given=$((given + 1))
	"${as[@]}" cp "$work/ready/$given" "$inbox/tmp/17951328$given.M1P$given.test"
	"${as[@]}" mv "$inbox/tmp/17951328$given.M1P$given.test" "$inbox/new/"
	echo "watch-$given $(milliseconds)" >>"$work/given"
}

is_seen()
{
	grep -q "^watch-$1 " "$work/seen"
}

wait_for()
{
	local i

	for ((i = 0; i < $2; i += 20)); do
		! is_seen "$1" || return 0
		sleep 0.02
	done
	return 1
}

# Milliseconds from delivery to storing, sorted, of mails ${1} to ${2}; "never" for the others.
latencies()
{
	awk -v from="$1" -v to="$2" '
		NR == FNR { seen[$1] = $2; next }
		{ i = substr($1, 7) + 0 }
		i >= from && i <= to { print $1 in seen ? seen[$1] - $2 : 999999 }' "$work/seen" "$work/given" | sort -n
}

{
	printf 'state_dir = "%s"\n' "$state"
	imap_conf ada "path=\"imaps://ada@$imap_host:$node_port\"" idle_seconds=2 poll_seconds=1 timeout=10
} | put "$work/conf"
"${as[@]}" "$work/ruastat" ingest --watch --config "$work/conf" >"$work/out" 2>"$work/err" </dev/null &
parent=$!
servers+=("$parent")
fetcher_of()
{
	fetcher=$(pgrep -P $parent -x ruastat-fetcher)
}
until_true fetcher_of
result $? 'it watches, with a process for the mailbox'

# Descriptors and memory of both.
measure()
{
	local p

	for p in $parent "$fetcher"; do
		echo "$(find "/proc/$p/fd" -mindepth 1 2>/dev/null | wc -l)" \
			"$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$p/status")"
	done | xargs
}

# One to begin with: it may come before the first look.
deliver
wait_for 1 20000
result $? 'a first mail is stored'
for ((i = 2; i <= 10; i++)); do
	deliver
	wait_for $i $patience_cut
done
kill -USR1 "$proxy"
deliver
wait_for $given $patience_cut
result $? 'and one after a first disconnection'
sleep 1
before=$(measure)
diag "parent and fetcher at first: descriptors, kB: $before"

first=$((given + 1))
while [ $given -lt $quiet ]; do
	deliver
	sleep "0.$((5 + RANDOM % 20))"
done
wait_for $given $patience_cut
latencies $first $given >"$work/times"
diag "undisturbed: $(wc -l <"$work/times") mails, median $(sed -n "$((($(wc -l <"$work/times") + 1) / 2))p" "$work/times") ms," \
	"longest $(tail -n 1 "$work/times") ms"
[ "$(tail -n 1 "$work/times")" -le $patience_ms ]
measured $? "each of them within $patience_ms ms"

# Cut the line, or kill the server's process of the session: just before, just after or with a delivery.
cuts=0
late=0
first=$((given + 1))
logins()
{
	grep -c 'Login: user=<ada>' "$imap/log"
}

before_logins=$(logins)
for ((i = 0; i < disconnections; i++)); do
	case $((i % 4)) in
	0 | 2) kill -USR1 "$proxy" ;;
	1) pkill -KILL -s "$imap_pid" -x imap ;;
	esac
	if [ $((RANDOM % 2)) = 0 ]; then
		sleep "0.0$((RANDOM % 10))"
	fi
	deliver
	if [ $((i % 4)) = 3 ]; then
		sleep "0.$((RANDOM % 7))"
		kill -USR1 "$proxy"
	fi
	cuts=$((cuts + 1))
	wait_for $given $patience_cut || late=$((late + 1))
done
latencies $first $given >"$work/times"
diag "with $cuts disconnections: median $(sed -n "$((($(wc -l <"$work/times") + 1) / 2))p" "$work/times") ms," \
	"longest $(tail -n 1 "$work/times") ms"
[ $late -eq 0 ]
measured $? "each mail with a disconnection within $patience_cut ms: $late late"
[ $(($(logins) - before_logins)) -ge $((disconnections * 3 / 4)) ]
result $? "it came again: $(($(logins) - before_logins)) logins"
sleep 3
after=$(measure)
diag "parent and fetcher at last: descriptors, kB: $after"
is "$(pgrep -P $parent -x ruastat-fetcher)" "$fetcher" 'by the same process'
read -r b1 b2 b3 b4 <<<"$before"
read -r a1 a2 a3 a4 <<<"$after"
# A connection to the database may be one more or less at a time.
[ $((a1 - b1)) -le 2 ] && [ "$a3" = "$b3" ]
result $? "with as many descriptors as at first: parent $b1, now $a1, fetcher $b3, now $a3"
[ $((a2 - b2)) -lt $grown_kb ] && [ $((a4 - b4)) -lt $grown_kb ]
measured $? "and as much memory: $((a2 - b2)) and $((a4 - b4)) kB more"

# Dovecot is away for a while.
imap_kill
sleep 1
[ $given -ge $total ] || deliver
imap_again
result $? 'Dovecot comes again'
wait_for $given 30000
result $? 'and what was delivered meanwhile is stored'
kill -TERM $parent
start=$(milliseconds)
{ wait $parent; } 2>/dev/null
is $? 0 'it ends when told'
took=$(($(milliseconds) - start))
[ $took -lt 5000 ]
measured $? "in $took ms"
is "$(sql "SELECT count(*), count(DISTINCT name), count(*) FILTER (WHERE outcome = 'imported') FROM ruastat.intake")" \
	"$given|$given|$given" 'every mail was counted once'
is "$(grep -c panic "$work/err") $(pgrep -f "^$work/ruastat" | wc -l)" \
	"0 $(pgrep -f "^$work/ruastat psql" | wc -l)" 'nothing is left running'
verifies
done_testing
