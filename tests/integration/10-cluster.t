#!/bin/bash
# The private cluster: made once, started by the first, stopped by the last, through every mishap.
# timeout: 240
#
# As root the drills run as another user of the passwd database, and those that need root run too.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build/plain}
work=$(mktemp -d /tmp/cluster-XXXXXX)
count=0
as=()
export RUASTAT_TEST_NOSYNC=1
unset XDG_RUNTIME_DIR

cp "$B/tests/integration/cluster" "$work/driver" || exit 1
driver=$work/driver
chmod 711 "$work"
if [ "$(id -u)" = 0 ]; then
	user=nobody
	as=(setpriv "--reuid=$user" "--regid=$(id -g $user)" --clear-groups --)
	chmod 755 "$driver"
else
	user=$(id -un)
fi
"${as[@]}" true || exit 1
base=$work/base
mkdir "$base"
[ "$(id -u)" != 0 ] || chown "$user" "$base"

result()
{
	local status=$1

	shift
	count=$((count + 1))
	if [ "$status" -eq 0 ]; then
		echo "ok $count - $*"
	else
		echo "not ok $count - $*"
		[ ! -s "$work/out" ] || sed 's/^/# /' "$work/out"
	fi
}

is()
{
	[ "$1" = "$2" ]
	result $? "$3 ($1)"
}

skip()
{
	count=$((count + 1))
	echo "ok $count - $1 # SKIP needs root"
}

# Wait up to 20 seconds until a command succeeds.
until_true()
{
	local i

	for ((i = 0; i < 1000; i++)); do
		if "$@"; then
			return 0
		fi
		sleep 0.02
	done
	return 1
}

driver()
{
	"${as[@]}" "$driver" "$@" >"$work/out" 2>&1
}

# A driver in the background, its number in ${1}, that goes on when let_go is called.
background()
{
	local name=$1

	shift
	[ -p "$work/stdin" ] || mkfifo "$work/stdin"
	exec 9<>"$work/stdin"
	rm -f "${work:?}/$name"
	"${as[@]}" "$driver" "$@" <"$work/stdin" >"$work/$name" 2>&1 &
	pid=$!
}

# The drivers poll and do not read: one line is for all of them.
let_go()
{
	echo >&9
	{ wait; } 2>/dev/null
	exec 9>&-
	rm "$work/stdin"
}

# Kill the last driver in the background, and what else is named.
slay()
{
	kill -KILL "$@"
	wait "$pid"
} 2>/dev/null

says()
{
	grep -sq "^$2 " "$work/$1"
}

field()
{
	sed -n "s/^$2 //p" "$work/$1"
}

server()
{
	head -n 1 "$1/data/postmaster.pid" 2>/dev/null
}

# The number of processes that work in a data directory.
running()
{
	local n=0 data p

	data=$(realpath "$1/data")
	for p in /proc/[0-9]*/cwd; do
		[ "$(readlink "$p")" != "$data" ] || n=$((n + 1))
	done
	echo "$n"
}

gone()
{
	is "$(running "$1")" 0 "nothing of it is left running"
}

starts()
{
	cat "$1"/log/postgresql.log* | grep -c 'starting PostgreSQL'
}

# The last run must have failed with kind ${1} and words that match ${2}.
fails()
{
	grep -qE "^error $1 .*($2)" "$work/out"
	result $? "$3"
}

config=4
database=3

finish()
{
	local p

	for p in /proc/[0-9]*/cwd; do
		case $(readlink "$p") in
		"$base"/*/data)
			p=${p#/proc/}
			kill -KILL "${p%/cwd}" 2>/dev/null
			;;
		esac
	done
	rm -rf "$work"
}
trap finish EXIT

d=$base/deep/er
driver run "$d"
result $? 'a first run makes the state directory and the cluster'
echo "# cold: $(tr '\n' ' ' <"$work/out")"
is "$(stat -c %a "$d")" 700 'the state directory is for its owner alone'
gone "$d"
driver run "$d"
result $? 'a second run starts and stops it'
echo "# warm: $(tr '\n' ' ' <"$work/out")"
total=$(awk '{ n += $2 } END { print (n < 2000) }' "$work/out")
is "$total" 1 'in a moment'
driver begin "$d"
result $? 'leaving without having waited'
gone "$d"

background one hold "$d"
until_true says one connect
result $? 'one is connected'
pm=$(server "$d")
is "$(cut -d ' ' -f 6 "/proc/$pm/stat")" "$pm" 'the server has a session of its own'
is "$(readlink "/proc/$pm/fd/"* | grep -cE 'lock$|stdin$')" 0 'and none of our descriptors'
is "$(tr '\0' '\n' <"/proc/$pm/environ" | grep -c '^RUASTAT')" 0 'and not our environment'
inodes=$(readlink "/proc/$pm/fd/"* | sed -n 's/^socket:\[\(.*\)\]$/\1/p')
tcp=$(for i in $inodes; do awk -v i="$i" '$10 == i' /proc/net/tcp /proc/net/tcp6 /proc/net/udp; done)
is "$(echo "$inodes" | wc -w) $tcp" '1 ' 'it listens on one socket, which is not TCP'
is "$(stat -c %a "$d/.s.PGSQL.5432")" 700 "the socket is for its owner alone"
driver run "$d"
result $? 'another comes and goes'
is "$(server "$d")" "$pm" 'and the server stays'
if [ "$(id -u)" = 0 ]; then
	info="host=$d port=5432 user=ruastat dbname=postgres"
	"$driver" connect "$info" >"$work/out"
	grep -q 'Peer authentication failed' "$work/out"
	result $? 'another user who gets through to the socket is refused by name'
	setpriv --reuid=daemon --clear-groups "$driver" connect "$info" >"$work/out"
	grep -q 'Permission denied' "$work/out"
	result $? 'any other user does not get through to it'
else
	skip 'another user who gets through to the socket is refused by name'
	skip 'any other user does not get through to it'
fi
let_go
gone "$d"

# Two that make the data directory cannot both succeed: renaming it over another one fails.
d=$base/many
before=$(date +%s%N)
for i in {1..20}; do
	background "many$i" hold "$d"
done
for i in {1..20}; do
	until_true says "many$i" connect || break
done
echo "# twenty: connected after $((($(date +%s%N) - before) / 1000000)) ms"
is "$(cat "$work"/many* | grep -c '^connect ')" 20 'twenty at once on nothing all connect'
is "$(starts "$d")" 1 'to one server'
let_go
is "$(cat "$work"/many* | grep -c '^close ')" 20 'twenty leave at once'
gone "$d"
for i in {1..20}; do
	"${as[@]}" "$driver" run "$d" >"$work/many$i" 2>&1 &
done
wait
is "$(cat "$work"/many* | grep -c '^close ')" 20 'twenty come and go as they like'
gone "$d"

background one revive "$d"
until_true says one connect
pm=$(server "$d")
kill -KILL "$pm"
until_true says one again
result $? 'after kill -9 of the server a client brings it up again'
echo "# revive: $(field one revive)ms"
[ "$(server "$d")" != "$pm" ]
result $? 'it is another one'
let_go
gone "$d"

background one hold "$d"
until_true says one connect
slay "$pid"
is "$(($(running "$d") > 0))" 1 'kill -9 of the only client leaves the server'
before=$(starts "$d")
driver run "$d"
result $? 'the next one uses it'
is "$(starts "$d")" "$before" 'without starting another'
gone "$d"

background one hold "$d"
until_true says one connect
slay "$pid" "$(server "$d")"
driver run "$d"
result $? 'kill -9 of client and server'
gone "$d"

d=$base/cut
for when in data.new data.new/PG_VERSION data.new/postgresql.conf data; do
	rm -rf "$d"
	background one hold "$d"
	until_true test -e "$d/$when"
	slay "$pid"
	driver run "$d"
	result $? "kill -9 when $when is there"
	[ ! -e "$d/data.new" ]
	result $? 'leaves nothing unfinished'
	gone "$d"
done

d=$base/stale
driver run "$d"
"${as[@]}" sleep 200 &
other=$!
printf '%s\n%s/data\n1\n5432\n..\n\n\nready\n' "$other" "$d" >"$work/pid"
"${as[@]}" cp "$work/pid" "$d/data/postmaster.pid"
"${as[@]}" cp "$work/pid" "$d/.s.PGSQL.5432.lock"
"${as[@]}" touch "$d/.s.PGSQL.5432"
driver run "$d"
result $? "lock files with the number of somebody else's process"
kill -0 "$other"
result $? 'which is left alone'
gone "$d"
kill "$other"
{ wait "$other"; } 2>/dev/null
"${as[@]}" cp "$work/pid" "$d/data/postmaster.pid"
"${as[@]}" cp "$work/pid" "$d/.s.PGSQL.5432.lock"
driver run "$d"
result $? 'lock files with the number of nobody'
"${as[@]}" truncate -s 0 "$d/data/postmaster.pid"
driver run "$d"
fails $database 'postmaster.pid.*empty' 'an empty lock file is told'
"${as[@]}" rm "$d/data/postmaster.pid"

"${as[@]}" truncate -s 1100000 "$d/log/postgresql.log"
driver run "$d"
is "$(stat -c %s "$d/log/postgresql.log.1")" 1048576 'of a long log the end is kept'
background one revive "$d"
until_true says one connect
yes | head -c 3000000 | "${as[@]}" tee -a "$d/log/postgresql.log" >"$work/null"
driver run "$d"
is "$(stat -c '%s' "$d"/log/postgresql.log*)" $'0\n1048576' 'also of that of a server that stays up'
victim=$(pgrep -P "$(server "$d")" -f 'ruastat.*(idle|postgres)' | tail -n 1)
kill -KILL "$victim"
until_true says one again
result $? 'a backend killed for want of memory: its client comes back'
grep -q 'terminated by signal 9' "$d/log/postgresql.log"
result $? 'and the server writes to the same log'
let_go
gone "$d"

"${as[@]}" chmod 755 "$d/data"
driver run "$d"
fails $database 'data directory .* has invalid permissions' 'a data directory open to others is told'
"${as[@]}" chmod 700 "$d/data"
"${as[@]}" chmod 755 "$d"
driver run "$d"
is "$(stat -c %a "$d")" 700 'a state directory open to others is closed'

echo 'nonsense = 1' | "${as[@]}" tee -a "$d/data/postgresql.conf" >"$work/null"
driver run "$d"
fails $database 'nonsense' 'a server that cannot start: the log is quoted'
gone "$d"

echo 14 | "${as[@]}" tee "$d/data/PG_VERSION" >"$work/null"
driver run "$d"
fails $config 'PostgreSQL 14, .*install postgresql-14' 'data of a version that is not installed'

long=$base/$(printf '%0120d' 0)
for d in "$long" "$base/it's, \"odd\" \\ \$HOME"; do
	driver run "$d"
	result $? "the state directory ${d:${#base}:20}"
	gone "$d"
	alias=$(cat "$d/socket")
	is "$(stat -c '%a %U' "$alias")" "700 $user" 'has a directory for its socket'
	driver run "$d"
	is "$(cat "$d/socket")" "$alias" 'which is used again'
	background one revive "$d"
	until_true says one connect
	rm -r "$alias"
	driver run "$d"
	result $? 'and made again when it is gone'
	rm -r "$(cat "$d/socket")"
	kill -KILL "$(server "$d")"
	until_true says one again
	result $? 'also for who was connected'
	let_go
	gone "$d"
	alias=$(cat "$d/socket")
	chmod 755 "$alias"
	driver run "$d"
	[ "$(cat "$d/socket")" != "$alias" ]
	result $? 'or when others can get into it'
	rm -r "$alias" "$(cat "$d/socket")"
done

if [ "$(id -u)" = 0 ]; then
	mkdir "$base/roots"
	driver run "$base/roots"
	fails $config 'belongs to user "root" .*'"$user" "somebody else's state directory"
	"$driver" run "$base/roots" >"$work/out"
	fails $config 'root' 'root'
	setpriv --reuid=54321 --clear-groups "$driver" run "$base/x" >"$work/out"
	fails $config '54321.*passwd' 'a user id without a name'
	d=$base/stale
	chown daemon "$d/data"
	driver run "$d"
	fails $config 'belongs to user "daemon"' 'a data directory of somebody else'
	chown "$user" "$d/data"
	mkdir "$base/full"
	if unshare -m true 2>"$work/null"; then
		# shellcheck disable=SC2016 # for the inner shell
		unshare -m bash -c '
			d=$1 user=$2
			shift 2
			mount -t tmpfs -o size=16m,mode=700,uid="$user" tmpfs "$d" || exit 1
			"$@" run "$d"
			mount -o remount,size=200m "$d"
			"$@" run "$d" | sed "s/^/later /"' - \
			"$base/full" "$(id -u "$user")" "${as[@]}" "$driver" >"$work/out" 2>&1
		fails $database "$base/full.*No space left" 'a full disk is told'
		grep -q '^later close' "$work/out"
		result $? 'and forgotten when there is room'
	else
		skip 'a full disk is told'
		skip 'and forgotten when there is room'
	fi
else
	for what in "somebody else's state directory" root 'a user id without a name' \
		'a data directory of somebody else' \
		'a full disk is told' 'and forgotten when there is room'; do
		skip "$what"
	done
fi
echo "1..$count"
