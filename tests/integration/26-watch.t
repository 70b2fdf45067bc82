#!/bin/bash
# Watching: mails are stored as they come, for ever, through whatever happens to the mailboxes, the
# database and the configuration.
# timeout: 300
# alone: it measures how soon mails are stored
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

use_state watched
conf=$work/ruastat.conf
maildir "$work/one"
maildir "$work/two"
maildir "$work/two/.Sub"
new_dir "$work/files/deep"
configure()
{
	local name

	for name; do
		case $name in
		one) echo "source one { path = \"$work/one\" after = move move_to = Done }" ;;
		two) echo "source two { path = \"$work/two\" subfolders = true }" ;;
		*) echo "source $name { path = \"$work/$name\" }" ;;
		esac
	done | put "$conf"
}
configure one two files

# What a service manager hears: a line for each datagram, with the time in milliseconds.
"${as[@]}" perl -MIO::Socket::UNIX -MTime::HiRes=time -e '
	my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die $!;
	$| = 1;
	while (defined $s->recv(my $m, 4096)) { $m =~ s/\n/ /g; printf "%d %s\n", time * 1000, $m }
	' "$work/notify" >"$work/heard" &
servers+=($!)
until_true test -S "$work/notify"
heard()
{
	grep -c "^[0-9]* $1" "$work/heard"
}

# Watch with the configuration, or with what is given.
watch()
{
	: >"$work/watch.err"
	"${as[@]}" env NOTIFY_SOCKET="$work/notify" WATCHDOG_USEC="${pulse-1000000}" "$work/ruastat" ingest --watch \
		--state-dir "$state" "$@" >"$work/watch.out" 2>"$work/watch.err" </dev/null &
	watcher=$!
	servers+=("$watcher")
}
# The watcher, started last, has ended: its exit status.
ended()
{
	local rc

	{ wait "$watcher"; } 2>/dev/null
	rc=$?
	unset 'servers[-1]'
	return $rc
}
ready_times()
{
	[ "$(heard READY=1)" -ge "$1" ]
}
says()
{
	[ "$(grep -cE "$1" "$work/watch.err")" -ge "${2:-1}" ]
}
stored()
{
	[ "$(sql 'SELECT count(*) FROM ruastat.intake')" = "$1" ]
}
clock_ticks()
{
	awk '{ print $14 + $15 }' "/proc/$watcher/stat"
}
resident()
{
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$watcher/status"
}
descriptors()
{
	find "/proc/$watcher/fd" -mindepth 1 2>/dev/null | wc -l
}

report reporter.example 'id' example.org 1795132800 1795219199 '192.0.2.1 7' >"$work/report.xml"
gzip -nc "$work/report.xml" >"$work/report.xml.gz"
mail "$work/report.xml.gz" >"$work/mail"
chmod 644 "$work/report.xml" "$work/mail"
# Deliver ${1} mails, one every 50 ms, to the places ${2}...: their names hold the time in milliseconds.
# shellcheck disable=SC2016 # for the inner shell
deliver()
{
	"${as[@]}" bash -c '
		work=$1 n=$2
		shift 2
		for ((i = 0; i < n; i++)); do
			to=${@:i % $# + 1:1}
			case $to in
			*/files*)
				sed "s/id</id $i $SRANDOM</" "$work/report.xml" >"$to/.half"
				mv "$to/.half" "$to/$((${EPOCHREALTIME/[.,]/} / 1000)).M$SRANDOM.xml"
				;;
			*)
				cp "$work/mail" "$to/tmp/$SRANDOM"
				mv "$to/tmp/"* "$to/new/$((${EPOCHREALTIME/[.,]/} / 1000)).M${SRANDOM}P1.host"
				;;
			esac
			sleep 0.05
		done' - "$work" "$@"
}

mailgen --story bench --reports 300 "$work/two" >"$work/made"
watch --config "$conf"
until_true ready_times 1
result $? 'ready is told'
hold_up
until_true stored 300
result $? 'what was there is read'
deliver 10 "$work/one" "$work/files"
until_true stored 310

# Two hundred deliveries to four places.
sql 'CREATE UNLOGGED TABLE public.met (name text PRIMARY KEY, at timestamptz)' \
	"INSERT INTO public.met SELECT source || '/' || name, now() FROM ruastat.intake" >"$work/out"
sql "DO \$\$ BEGIN
	FOR i IN 1 .. 3000 LOOP
		INSERT INTO public.met SELECT source || '/' || name, clock_timestamp() FROM ruastat.intake
		ON CONFLICT DO NOTHING;
		COMMIT;
		EXIT WHEN (SELECT count(*) FROM public.met) >= 510;
		PERFORM pg_sleep(0.01);
	END LOOP; END \$\$" >"$work/out" 2>&1 &
meter=$!
sleep 1
was_descriptors=$(descriptors) was_resident=$(resident)
deliver 200 "$work/one" "$work/files" "$work/two" "$work/files/deep" "$work/two/.Sub"
wait $meter
result $? 'deliveries are stored'
late="SELECT extract(epoch FROM at) * 1000 - substring(name FROM '/([0-9]{13})[.]M[^/]*\$')::numeric AS ms
	FROM public.met WHERE name ~ '/[0-9]{13}[.]M[^/]*\$' ORDER BY at DESC LIMIT 200"
is "$(sql "SELECT count(*) FROM ($late) m")" 200 'each of 200 deliveries'
[ "$(sql "SELECT count(*) FROM ($late) m WHERE ms > 2000")" = 0 ]
measured $? 'within two seconds'
diag "the worst after $(sql "SELECT round(max(ms)) || ' ms, half of them after ' || \
	round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms)) FROM ($late) m") ms"
sleep 1.5
is "$(descriptors)" "$was_descriptors" 'as many descriptors as before'
grown=$(($(resident) - was_resident))
[ $grown -lt 1024 ]
measured $? "and the same memory: $grown kB more of $was_resident"
is "$(find "$work/one/new" "$work/one/cur" -type f | wc -l) $(find "$work/one/.Done/cur" -type f | wc -l)" \
	'0 45' 'what is to be moved is moved'
before=$(clock_ticks)
sleep 2
used=$(($(clock_ticks) - before))
[ $used -le 2 ]
measured $? "where nothing comes next to nothing is done: $used ticks of 200"
is "$(cat "$work/watch.err" "$work/watch.out")" '' 'and nothing is said'

# The service manager.
is "$(head -n 3 "$work/heard" | cut -d ' ' -f 2- | grep -c 'READY=1')" 1 'READY=1'
gap=$(awk '$2 == "WATCHDOG=1" { if (last && $1 - last > gap) gap = $1 - last; last = $1 } END { print gap + 0 }' "$work/heard")
[ "$(heard WATCHDOG=1)" -gt 10 ] && [ "$gap" -lt 1000 ]
measured $? "WATCHDOG=1 in time: at most $gap ms apart, where 1000 are allowed"
grep -q 'STATUS=watching 3 sources, 0 of them in trouble; 510 mails' "$work/heard"
result $? 'STATUS='

# A file that is being written is not read before it is whole.
report reporter.example slow example.org 1795132800 1795219199 '192.0.2.1 7' >"$work/slow.xml"
# shellcheck disable=SC2016 # for the inner shell
"${as[@]}" bash -c 'for ((i = 0; i < 12; i++)); do
		dd bs=60 skip=$i count=1 status=none <"$1/slow.xml"
		sleep 0.2
	done >"$1/files/slow.xml"
	dd bs=60 skip=12 status=none <"$1/slow.xml" >>"$1/files/slow.xml"' - "$work"
until_true stored 511
is "$(sql "SELECT outcome FROM ruastat.intake WHERE name = 'slow.xml'")" imported 'a file is read when it is whole'

# Another configuration.
maildir "$work/three"
configure one two three
kill -HUP $watcher
until_true ready_times 2
is "$(heard RELOADING=1)" 1 'RELOADING=1, then READY=1 again'
deliver 1 "$work/three"
until_true stored 512
result $? 'a new source is watched'
of_files()
{
	sql "SELECT count(*) FROM ruastat.intake WHERE source = 'files:$work/files'"
}
was=$(of_files)
deliver 1 "$work/files"
deliver 1 "$work/one"
until_true stored 513
is "$(of_files)" "$was" \
	'one that is left out is not'
echo 'source one { path = ' | put "$conf"
kill -HUP $watcher
until_true says "ruastat.conf.* line .*; going on as before"
result $? 'a wrong configuration is told'
deliver 1 "$work/three"
until_true stored 514
result $? 'and the old one stays'
configure one two three files
kill -HUP $watcher
until_true stored 515
result $? 'what came to a source meanwhile is read when it is back'

# A mailbox goes and comes.
: >"$work/watch.err"
"${as[@]}" mv "$work/three" "$work/gone"
until_true says 'three" is gone; trying again'
result $? 'a mailbox that is gone is told'
deliver 1 "$work/two"
until_true stored 516
result $? 'the others are watched on'
maildir "$work/three"
deliver 1 "$work/three"
until_true stored 517
result $? 'a new one in its place is found'
is "$(grep -c three "$work/watch.err") $(grep -c 'three" is read again' "$work/watch.err")" '2 1' \
	'its trouble and its return are told once'
"${as[@]}" rm -rf "$work/one"
until_true says 'one" is gone; trying again'
maildir "$work/one"
deliver 1 "$work/one"
until_true stored 518
result $? 'also when it was deleted'

# PostgreSQL is killed.
kill -KILL "$(head -n 1 "$state/data/postmaster.pid")"
deliver 5 "$work/one" "$work/two"
hold_up
until_true stored 523
result $? 'PostgreSQL is killed, and all that came is stored'

# An end in good order, in the middle of it.
: >"$work/watch.err"
mailgen --story bench --reports 6000 --seed 5 "$work/many" >"$work/made-many"
configure one two three files many
kill -HUP $watcher
begun()
{
	[ "$(sql 'SELECT count(*) > 523 FROM ruastat.intake')" = t ]
}
until_true begun
kill -TERM $watcher
ended
is "$? $(cat "$work/watch.err")" '0 ' 'SIGTERM ends it in good order'
some=$(sql 'SELECT count(*) FROM ruastat.intake')
[ "$some" -lt 6523 ]
result $? "in the middle of it: $some of 6523 mails"
is "$(heard STOPPING=1)" 1 'STOPPING=1'
is "$(sql 'SELECT count(*) FROM ruastat_data.seen s JOIN ruastat_data.source USING (source_id)
	WHERE source.name LIKE $$%/many$$')" $((some - 523)) 'what is stored is known'
configured()
{
	timeout 120 "${as[@]}" "$work/ruastat" ingest --json --config "$conf" --state-dir "$state" "$@" \
		>"$work/out" 2>"$work/err" </dev/null
	status=$?
}
configured many
is "$status $(totals mails duplicate)" "0 $((6523 - some)) 0" 'the next run does the rest'
configured
is "$status $(totals mails)" '0 0' 'nothing else is left'
verifies

# Sources by name.
deliver 1 "$work/one"
deliver 1 "$work/two"
configured one
is "$status $(totals mails)" '0 1' 'a source of the configuration by its name'
configured one --after seen
[ $status -eq 1 ] && grep -q 'the configuration says it for "one"' "$work/err"
result $? 'whose options are those of the configuration'
configured "$work/two"
is "$status $(totals mails)" '0 1' 'a path'
configured "$work/two" --password-file "$work/mail"
[ $status -eq 1 ] && grep -q 'are for URLs' "$work/err"
result $? 'which has no password'

# A mailbox that may be read only: what comes is stored all the same.
report reporter.example 'id 1' example.org 1795132800 1795219199 '192.0.2.1 7' >"$work/report.xml"
use_state refused
maildir "$work/shut"
deliver 1 "$work/shut"
"${as[@]}" chmod 555 "$work/shut/new"
watch --no-config --after delete "$work/shut"
until_true says 'shut/new.*Permission denied'
"${as[@]}" chmod 755 "$work/shut/new"
deliver 1 "$work/shut"
empty()
{
	[ -z "$(ls "$work/shut/new")" ]
}
until_true empty
result $? 'what could not be deleted is deleted when it can be'
is "$(grep -c 'Permission denied' "$work/watch.err")" 1 'told once'
kill -INT $watcher
ended
is $? 0 'SIGINT ends it as well'

# A new configuration is read where nothing is in hand, too, and no watchdog's beat is due.
maildir "$work/late"
configure late
was=$(heard READY=1)
pulse='' watch --config "$conf"
until_true ready_times $((was + 1))
sleep 0.5
configure late two
kill -HUP $watcher
until_true ready_times $((was + 2))
result $? 'SIGHUP wakes it'
kill -TERM $watcher
ended
is $? 0 'and it ends well'

# A server of the admin's that is away for long.
bin=$(find /usr/lib/postgresql/*/bin -maxdepth 0 | sort -V | tail -n 1)
new_dir "$work/admin"
server()
{
	"${as[@]}" env -C "$work" "$bin/pg_ctl" -D "$work/admin/data" -l "$work/admin/log" -s -w -t 60 \
		-o "-k '$work/admin' -c listen_addresses='' -c fsync=off" "$@" >"$work/out" 2>&1
}
"${as[@]}" env -C "$work" "$bin/initdb" -D "$work/admin/data" -U boss -A trust --no-locale -E UTF8 -N \
	>"$work/out" 2>&1 && server start
result $? 'a server of the admin'
use_state elsewhere
info="host=$work/admin dbname=postgres user=boss"
theirs()
{
	[ "$("${as[@]}" "$bin/psql" -XqAtd "$info" -c 'SELECT count(*) FROM ruastat.intake' 2>&1)" = "$1" ]
}
was=$(heard READY=1)
watch --no-config --database "$info" "$work/one" "$work/files" "$work/nowhere"
until_true ready_times $((was + 1))
until_true says 'nowhere": there is no such file or directory; trying again'
result $? 'a mailbox that is not there yet'
files=$(find "$work/one" "$work/files" -path '*/.Done' -prune -o -type f -print | wc -l)
until_true theirs "$files"
result $? 'a server of the admin is used'
server -m immediate stop
deliver 4 "$work/one" "$work/files"
until_true says 'trying again' 2
result $? 'the server is away'
deliver 4 "$work/one" "$work/files"
maildir "$work/nowhere"
deliver 1 "$work/nowhere"
server start
until_true theirs $((files + 9))
result $? 'nothing that came is lost'
is "$(grep -c . "$work/watch.err") $(grep -c 'watching again' "$work/watch.err")" '3 1' \
	'its trouble and its return are told once'
gap=$(awk '$2 == "WATCHDOG=1" { if (last && $1 - last > gap) gap = $1 - last; last = $1 } END { print gap + 0 }' "$work/heard")
diag "WATCHDOG=1 at most $gap ms apart"
kill -TERM $watcher
ended
is $? 0 'and it ends in good order'
server -m immediate stop
done_testing
