#!/bin/bash
# What fails around it: disk, database, mailbox, clock, signals.  What it says, how it ends, and that
# the next run makes up for it exactly, with nothing left over.
# timeout: 900
#
# RUASTAT_DRILL=full: each at more moments, and those that take a minute.
set -u
# As root mounts are made, where nobody else sees them.
if [ "$(id -u)" = 0 ] && [ -z "${RUASTAT_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
	RUASTAT_MOUNTS=yes exec unshare -m "$0" "$@"
fi
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

full=''
[ "${RUASTAT_DRILL:-}" != full ] || full=yes

unmount_all()
{
	local at

	while read -r _ at _; do
		case $at in
		"$work"/*) umount -l "$at" ;;
		esac
	done </proc/self/mounts
	finish
}
trap unmount_all EXIT

# The mails of every case: reports, some of them twice, a large one, and ordinary mail.
all=$work/all
reports=700 big=5000
[ -z "$full" ] || reports=3000 big=60000
mailgen --story bench --reports $reports --duplicates 20 --noise 30 --domains 9 --big $big \
	--facts "$work/facts" "$all" >"$work/made"
moving=$((reports + 21))
told "$work/facts" >"$work/told"

# A state directory that was used once, which the others begin as.
use_state first
maildir "$work/none"
ingest "$work/none"

# A state directory and a copy of the mails for the case ${1}.
begin()
{
	name=$1
	use_state "state-$1"
	box=$work/mail-$1
	"${as[@]}" cp -al "$all" "$box"
	with=()
}

# The run failed: status ${1}, and said on one line what matches ${2}.
fails()
{
	is "$status $(grep -cE "$2" "$work/err") $(grep -vcE '^(WARNING|FATAL|DETAIL|HINT):  ' "$work/err")" "$1 1 1" \
		"$name: exit status $1, and one line: $(head -n 1 "$work/err" | cut -c 1-200)"
	[ "$(wc -l <"$work/err")" -le 1 ] || sed 's/^/# /' "$work/err"
}

# All is stored exactly, by a run of its own if ${1} is "again".
exact()
{
	if [ "$1" = again ]; then
		ingest --after move --move-to Done "$box"
		is "$status $(cat "$work/err")" '0 ' "$name: the next run is fine, and silent"
	fi
	hold_up
	stored >"$work/stored"
	same "$work/stored" "$work/told" "$name: every report says what it said"
	is "$(sql 'SELECT outcome, count(*) FROM ruastat.intake GROUP BY 1 ORDER BY 1' | xargs)" \
		"imported|$((reports + 1)) duplicate|$((20 + ${restored:-0})) not_a_report|30" \
		"$name: every mail was counted once"
	ingest --after move --move-to Done "$box"
	is "$status $(totals mails) $(find "$box/new" "$box/cur" -type f | wc -l) $(find "$box/.Done/cur" -type f | wc -l)" \
		"0 0 30 $moving" "$name: nothing more to do, each mail is in its place"
	verifies "$name: verify"
	let_down
	is "$(left_over "$box")" '' "$name: nothing is left over"
	rm -rf "$box"
	[ ${#database[@]} -gt 0 ] || rm -rf "${state:?}"/*
}

# Ingest in the background, moving, until some mails were moved, and not all.
start()
{
	setsid "${as[@]}" "${with[@]}" env --default-signal "$work/ruastat" ingest --no-config --state-dir "$state" \
		"${database[@]}" --json --after move --move-to Done "$box" >"$work/out" 2>"$work/err" </dev/null &
	run=$!
	until compgen -G "$box/.Done/cur/*" >"$work/null" || ! kill -0 $run 2>/dev/null; do
		sleep 0.005
	done
	[ -z "${1:-}" ] || return
	kill -STOP -- -$run 2>/dev/null
	in_the_middle
	kill -CONT -- -$run 2>/dev/null
}
in_the_middle()
{
	local n

	n=$(find "$box/.Done/cur" -type f | wc -l)
	[ "$n" -gt 0 ] && [ "$n" -lt $moving ]
	result $? "$name: in the middle, after $n of $moving"
}
end()
{
	{ wait $run; } 2>/dev/null
	status=$?
}

### The disk.

# A tmpfs for the state directory, of ${1}.
disk()
{
	mkdir -p "$state"
	mount -t tmpfs -o "size=$1,mode=700,uid=$(id -u "$user"),gid=$(id -g "$user")" tmpfs "$state"
}
used()
{
	df -k --output="$1" "$state" | tail -n 1
}
full_disk()
{
	clock_make 40 # the database is waited for a minute by it
	ingest --after move --move-to Done "$box"
	with=()
	fails 75 "$state"
	mount -o remount,size=2g,nr_inodes=100000 "$state"
	exact again
	umount "$state"
}

if [ -n "${RUASTAT_MOUNTS:-}" ]; then
	sizes=20m
	[ -z "$full" ] || sizes='64k 1m 4m 12m 20m 28m 36m'
	for at in $sizes; do
		begin "disk of $at"
		disk "$at"
		full_disk
	done
	spares=2000
	[ -z "$full" ] || spares='0 4 8 40 100 300 700 1000 1500 2000 3000 4000 6000 8000 10000 14000 18000 20000 24000'
	for spare in $spares; do
		begin "disk full after $spare kB"
		disk 2g
		"${as[@]}" cp -a "$work/first/." "$state/"
		mount -o "remount,size=$(($(used used) + spare))k" "$state"
		full_disk
	done
	spares=2
	[ -z "$full" ] || spares='0 1 2 3 4 8'
	for spare in $spares; do
		begin "no inode after $spare"
		disk 2g
		"${as[@]}" cp -a "$work/first/." "$state/"
		mount -o "remount,nr_inodes=$(($(df --output=iused "$state" | tail -n 1) + spare))" "$state"
		full_disk
	done
else
	skip 'full disks' 'needs root'
fi

### The admin's server.

bin=$(find /usr/lib/postgresql/*/bin -maxdepth 0 | sort -V | tail -n 1)
new_dir "$work/admin"
on_server()
{
	"${as[@]}" env -C "$work" "$@" >>"$work/server" 2>&1
}
server()
{
	on_server "${clocked[@]}" "$bin/pg_ctl" -D "$work/admin/data" -l "$work/admin/log" -s -w -t 60 "$@"
}
clocked=()
server_up="-k '$work/admin' -c listen_addresses='' -c fsync=off -c max_connections=20"
boss()
{
	"${as[@]}" env -C "$work" "$bin/psql" -XqAt -h "$work/admin" -U boss -d "${db:-$name}" -v ON_ERROR_STOP=1 "${@/#/-c}"
}
postmaster()
{
	head -n 1 "$work/admin/data/postmaster.pid"
}
on_server "$bin/initdb" -D "$work/admin/data" -U boss -A trust --no-locale -E UTF8 -N &&
	server -o "$server_up" start
result $? 'a server of the admin'
db=postgres boss 'CREATE ROLE mail LOGIN' 'CREATE ROLE nobody_much LOGIN'

# A database of its own for the case ${1}.
begin_there()
{
	begin "$1"
	db=postgres boss "CREATE DATABASE \"$1\" OWNER mail"
	database=(--database "host='$work/admin' dbname='$1' user=mail")
	new_dir "$state"
}
# The server goes and comes while mails are imported: the run goes on.
strike()
{
	begin_there "$1"
	start
	"${@:2}"
	end
	is "$status $(grep -vE '^(WARNING|FATAL|DETAIL|HINT):  ' "$work/err")" '0 ' "$name: the run goes on, and is silent"
	exact already
}
restart()
{
	server -m "$1" stop
	sleep 0.3
	server -o "$server_up" start
}
shoot()
{
	kill -KILL "$(postmaster)"
	until_true server -o "$server_up" start
}
shoot_one()
{
	local pid=''

	until_true backend
	kill -KILL "$pid"
}
backend()
{
	pid=$(pgrep -n -f "^postgres: mail $name")
}
terminate()
{
	boss "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ruastat'" >"$work/null"
}
lock()
{
	boss 'BEGIN' 'LOCK TABLE ruastat_data.intake IN ACCESS EXCLUSIVE MODE' \
		"SELECT pg_sleep($1)" 'COMMIT' >"$work/null"
}
if [ -n "$full" ]; then
	strike 'server restarted fast' restart fast
	strike 'server killed' shoot
	strike 'connections ended' terminate
	strike 'a table locked' lock 2
	strike 'a table locked for long' lock 70
	strike 'a backend killed' shoot_one
fi
strike 'server restarted at once' restart immediate

begin_there 'server gone'
clock_make 60
start
server -m immediate stop
end
fails 75 "$work/admin"
ingest "$box"
fails 75 "$work/admin"
with=()
server -o "$server_up" start
ingest "$work/none"

name='a standby'
server -m fast stop
: | put "$work/admin/data/standby.signal"
server -o "$server_up" start
ingest "$box"
fails 75 "dbname=server gone.*read-only"
server promote

name='a role without rights'
info=${database[1]}
database[1]=${info/user=mail/user=nobody_much}
ingest "$box"
fails 1 "dbname=server gone.*permission denied"
database[1]=$info

name='no connection left'
db=postgres boss 'ALTER ROLE mail CONNECTION LIMIT 2'
clock_make 60
ingest "$box"
fails 75 "$work/admin.*too many connections"
with=()
db=postgres boss 'ALTER ROLE mail CONNECTION LIMIT -1'
exact again
database=()

### The mailbox.

# A state directory that was used, so that no case makes its own.
begin_here()
{
	begin "$1"
	"${as[@]}" cp -a "$work/first" "$state"
}

begin_here 'a mailbox mounted for reading'
if [ -n "${RUASTAT_MOUNTS:-}" ]; then
	mount --bind "$box" "$box" && mount -o remount,ro,bind "$box"
	ingest "$box"
	is "$status $(cat "$work/err")" '0 ' "$name: keep: is fine, and silent"
	for action in seen delete 'move --move-to Done'; do
		# shellcheck disable=SC2086 # an action and its option
		ingest --after $action "$box"
		fails 75 "$box.*Read-only file system"
	done
	umount "$box"
else
	skip "$name" 'needs root'
fi
name='a mailbox that is gone'
for how in gone 'a file' 'no maildir'; do
	"${as[@]}" mv "$box" "$box.away"
	[ "$how" != 'a file' ] || : | put "$box"
	[ "$how" != 'no maildir' ] || "${as[@]}" mkdir "$box" "$box/cur"
	ingest --after move --move-to Done "$box"
	is "$((status == 1 || status == 75)) $(grep -c "$box" "$work/err") $(wc -l <"$work/err")" '1 1 1' \
		"$name: $how: exit status $status, and one line: $(cut -c 1-150 "$work/err")"
	"${as[@]}" rm -rf "$box"
	"${as[@]}" mv "$box.away" "$box"
done
exact again

# Its mails go in the middle, and come again: what was stored and not moved yet is read again, as duplicates.
begin_here 'mails that are gone'
start
"${as[@]}" rm -rf "$box/new" "$box/cur"
end
first=$(totals mails)
is "$((status == 0 || status == 75)) $(grep -vc "$box" "$work/err")" '1 0' \
	"$name: exit status $status $(cut -c 1-150 "$work/err")"
for sub in new cur; do
	new_dir "$box/$sub"
	find "$box/.Done/cur" -type f -printf '%f\n' | sed 's/:2,.*//' >"$work/names"
	find "$all/$sub" -type f | grep -vFf "$work/names" | "${as[@]}" xargs -d '\n' ln -t "$box/$sub"
done
ingest --after move --move-to Done "$box"
is "$status $(cat "$work/err")" '0 ' "$name: the next run is fine, and silent"
restored=$((first + $(totals mails) - reports - 51)) exact already

# A reader and a delivery work on it: mails come, are flagged, filed and, ordinary ones, removed.
begin_here 'mails that move'
new_dir "$box.in"
find "$box/new" -type f | sort | awk 'NR % 4 == 0' | "${as[@]}" xargs -d '\n' mv -t "$box.in"
# shellcheck disable=SC2016 # for the inner shell
"${as[@]}" bash -c 'for f in "$2"/*; do
		mv "$f" "$1/new/"
		for g in "$1"/new/*; do
			[ $((RANDOM % 8)) -gt 0 ] || mv "$g" "$1/cur/${g##*/}:2,S" 2>/dev/null
			break
		done
		for g in "$1"/cur/*:2,S; do
			[ $((RANDOM % 8)) -gt 0 ] || mv "$g" "${g}T" 2>/dev/null
			break
		done
	done' - "$box" "$box.in" &
busy=$!
runs=0
while kill -0 $busy 2>/dev/null && [ $runs -lt 20 ]; do
	ingest --after move --move-to Done "$box"
	is "$status $(cat "$work/err")" '0 ' "$name: a run meanwhile is fine, and silent"
	runs=$((runs + 1))
done
{ wait $busy; } 2>/dev/null
exact again

### The clock.

# Of the server and of the program, from run to run and in the middle of one.
on_server "$bin/pg_ctl" -D "$work/admin/data" -s -m fast stop
clock_make
clocked=("${with[@]}")
server -o "$server_up" start
begin_there 'another clock'
with=("${clocked[@]}")
new_dir "$box.in"
"${as[@]}" mv "$box/new" "$box.in/new"
"${as[@]}" mkdir "$box/new"
now=$(date +%s)
year=$((365 * 86400)) i=0
then=$(date -d 2100-01-01 +%s)
offsets=(0 -86400 86400 "-$year" "$year" "-$((now - 3600))" "$((then - now))" -7200 0)
find "$box.in/new" -type f | sort >"$work/names"
for at in "${offsets[@]}"; do
	echo "$at" >"$work/clock"
	awk -v n=${#offsets[@]} -v i=$i 'NR % n == i' "$work/names" | "${as[@]}" xargs -d '\n' mv -t "$box/new"
	i=$((i + 1))
	ingest --after move --move-to Done "$box"
	is "$status $(cat "$work/err")" '0 ' "$name: $(date -u -d "@$((now + at))" +%F): a run is fine, and silent"
	if [ $i = 1 ]; then
		tables=$(sql "SELECT count(*) FROM pg_class WHERE relkind = 'r'")
	fi
done
grown=$(($(sql "SELECT count(*) FROM pg_class WHERE relkind = 'r'") - tables))
[ $grown -lt 100 ]
result $? "$name: no tables for years that never were: $grown more of $tables"
# Sessions and links of a clock that was ahead would last for as long as it was.
statement()
{
	sql "PREPARE q AS $(cat "sql/$1.sql")" "EXECUTE q($2)"
}
with=()
hash_of()
{
	printf "'%064d'" "$1"
}
for at in "$year" 0; do
	echo "$at" >"$work/clock"
	statement query/link_add "$(hash_of 1), 900" >"$work/out"
	session=$(hash_of $((2 + (at > 0))))
	is "$(statement api/link_redeem "$(hash_of 1), $session") $(statement api/session_find "$session, 604800, 43200")" \
		'admin |admin' "$name: a link gives a session, which is found"
	[ "$at" = 0 ] || statement query/link_add "$(hash_of 4), 900" >"$work/out"
done
is "$(statement api/link_redeem "$(hash_of 4), $(hash_of 5)")$(statement api/session_find "$(hash_of 3), 604800, 43200")" '' \
	"$name: neither when the clock is right again"
exact already

begin_there 'a clock that jumps'
with=("${clocked[@]}")
start
for at in "$year" "-$year" 0 "-$((now - 3600))" 86400 0; do
	echo "$at" >"$work/clock"
	sleep 0.03
done
end
is "$status $(cat "$work/err")" '0 ' "$name: the run is fine, and silent"
with=()
exact already
on_server "$bin/pg_ctl" -D "$work/admin/data" -s -m fast stop
database=()

### Signals.

begin_here signals
for signal in HUP INT TERM QUIT KILL PIPE INT TERM STOP; do
	# The others come at any moment: also before it listens, or when all is done.
	start "$([ "$signal" = HUP ] || echo later)"
	[ "$signal" = HUP ] || sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
	kill "-$signal" -- -$run 2>/dev/null
	if [ "$signal" = STOP ]; then
		sleep 0.3
		kill -CONT -- -$run 2>/dev/null
	fi
	end
	case $signal in
	QUIT) want=131 ;;
	KILL) want=137 ;;
	PIPE | STOP) want=0 ;;
	*) want=75 ;;
	esac
	said=$(grep -vc 'interrupted; the next run goes on from here' "$work/err")
	{ [ "$signal" != HUP ] && [[ $status =~ ^(0|130|141|143)$ ]] || [ $status = $want ]; } && [ "$said" = 0 ]
	result $? "SIG$signal for all of it: exit status $status"
done
exact again

begin_here 'Ctrl-C twice'
hold_up
sql 'BEGIN' 'LOCK TABLE ruastat_data.intake IN EXCLUSIVE MODE' 'SELECT pg_sleep(3)' >"$work/null" &
locking=$!
is_locked()
{
	[ "$(sql "SELECT count(*) FROM pg_locks WHERE NOT granted")" != 0 ]
}
"${as[@]}" env --default-signal "$work/ruastat" ingest --no-config --state-dir "$state" "$box" \
	>"$work/out" 2>"$work/err" </dev/null &
run=$!
until_true is_locked
before=$(milliseconds)
kill -INT $run
sleep 0.3
kill -0 $run
result $? "$name: the first lets what is in hand be stored"
kill -INT $run
end
is "$status $(($(milliseconds) - before < 1500))" '130 1' "$name: the second ends it at once"
wait $locking
let_down

name='nobody listens'
"${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" --json --after move --move-to Done "$box" <&- >&- 2>&-
is $? 0 "$name: no stdin, stdout or stderr at all"
"${as[@]}" env --default-signal "$work/ruastat" ingest --no-config --state-dir "$state" --json --after move --move-to Done \
	"$box" 2>"$work/err" </dev/null | true
is "${PIPESTATUS[0]} $(cat "$work/err")" '0 ' "$name: who wanted the totals is gone"
exact already
done_testing
