#!/bin/bash
# drill-debootstrap.sh - prove on a bare Debian what README promises about its two commands.
#
#   drill-debootstrap.sh [-dkrw] DIR [CASE...]
#
# Below DIR a bare system (debootstrap, minbase, git and make) is made once and copied for each
# case:  root       make run, make check as root
#        sudo       the same as a user who may sudo
#        nosudo     as a user who may not: a message and an end; root runs the line it printed;
#                   then both commands as that user
#        postgres   as root, with a PostgreSQL running there, which has to stay as it was
#        killed     the installation is killed by force, then repeated
#        control    apt-get without deps.sh does start a server here: the drill would see one
# -d  only the dependencies (tests/build/deps.sh) instead of building and testing
# -k  keep each case's tree
# -r  only "make run", not "make check"
# -w  copy the working tree as it is instead of cloning the last commit
# Run it as root.  Sources of packages are those of this machine.
set -u
export LC_ALL=C
top=$(cd "$(dirname "$0")/../.." && pwd)
only_deps=''
only_run=''
keep=''
worktree=''
failures=0
root=''

say()
{
	printf '%s\n' "$*"
}

fail()
{
	say "FAILED: $*"
	failures=$((failures + 1))
}

# The distribution's own sources of this machine, one "deb URI SUITE COMPONENT" per line.
sources()
{
	# shellcheck disable=SC2016 # these are apt's, not the shell's
	apt-get indextargets --format '$(ORIGIN) $(CREATED_BY) deb $(REPO_URI) $(RELEASE) $(COMPONENT)' |
		sed -n 's/^Debian Packages //p' | sort -u
}

# Processes whose root directory is ${root}: they were started by this drill.
inside()
{
	local p

	for p in /proc/[0-9]*; do
		if [ "$(readlink "$p/root" 2>/dev/null)" = "$root" ]; then
			echo "${p#/proc/}"
		fi
	done
}

# End what runs there, unmount, remove.
leave()
{
	local pid m signal

	[ -n "$root" ] || return
	for signal in TERM TERM KILL KILL KILL KILL; do
		for pid in $(inside); do
			kill -s "$signal" "$pid" 2>/dev/null
		done
		[ -z "$(inside)" ] && break
		sleep 1
	done
	for m in dev/pts dev/shm proc; do
		if mountpoint -q "$root/$m"; then
			umount "$root/$m" || umount -l "$root/$m"
		fi
	done
	[ -n "$keep" ] || rm -rf --one-file-system "$root"
	root=''
}

enter()
{
	root=$dir/$1
	rm -rf --one-file-system "$root"
	cp -a "$dir/base" "$root"
	# A bare chroot starts no service; with this it does.  In one case it is left out.
	if [ "$1" != sudo ]; then
		printf '#!/bin/sh\nexit 0\n' >"$root/usr/sbin/policy-rc.d"
		chmod 755 "$root/usr/sbin/policy-rc.d"
	fi
	mount -t proc proc "$root/proc"
	mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
	mount -t devpts devpts "$root/dev/pts"
}

make_base()
{
	local uri suite

	[ -d "$dir/base" ] && return
	suite=bookworm
	uri=$(sources | awk -v s="$suite" '$3 == s && $4 == "main" { print $2; exit }')
	[ -n "$uri" ] || { say "no source for $suite in this machine's apt"; exit 1; }
	say "debootstrap $suite"
	debootstrap --variant=minbase --include=git,make,ca-certificates "$suite" \
		"$dir/base.new" "$uri" >"$dir/debootstrap.log" || exit 1
	sources >"$dir/base.new/etc/apt/sources.list"
	apt-config dump | grep -i '^Acquire::https\{0,1\}::Proxy' >"$dir/base.new/etc/apt/apt.conf.d/80drill"
	cp /etc/resolv.conf /etc/hosts "$dir/base.new/etc/"
	# What this machine trusts, npm shall trust there.
	cp /etc/ssl/certs/ca-certificates.crt "$dir/base.new/etc/ssl/certs/"
	echo 'cafile=/etc/ssl/certs/ca-certificates.crt' | tee "$dir/base.new/root/.npmrc" \
		>"$dir/base.new/etc/skel/.npmrc"
	mv "$dir/base.new" "$dir/base"
}

# Run a shell line there as a user, in his login environment and with no stdin.
as()
{
	chroot "$root" su - "$1" -c "$2" </dev/null
}

# Put the checkout where user ${1} can build it.
checkout()
{
	local home

	home=$(chroot "$root" getent passwd "$1" | cut -d: -f6)
	if [ -n "$worktree" ]; then
		mkdir "$root$home/ruastat"
		(cd "$top" && git ls-files -z -co --exclude-standard | tar -c --null -T - -f -) |
			tar -x -C "$root$home/ruastat" -f -
	else
		git clone -q --no-hardlinks "$top" "$root$home/ruastat"
	fi
	chroot "$root" chown -R "$1:" "$home/ruastat"
}

# The sockets on which processes in there listen, their units, and what is enabled.
listening()
{
	local pid inode

	for pid in $(inside); do
		find "/proc/$pid/fd" -lname 'socket:*' -printf '%l\n' 2>/dev/null
	done | tr -dc '0-9\n' | sort -u | while read -r inode; do
		awk -v i="$inode" '$4 == "0A" && $10 == i { print "listens", $2 }' \
			/proc/net/tcp /proc/net/tcp6
	done
	(cd "$root" && find etc/systemd etc/rc?.d etc/postgresql -type l -o -name start.conf) 2>/dev/null |
		grep -v '/K[0-9]' | sort
	(cd "$root" && sha256sum usr/sbin/policy-rc.d* etc/postgresql-common/createcluster.d/*) 2>/dev/null
}

# Everything a PostgreSQL's owner would notice.
postgres_state()
{
	local cluster=/var/lib/postgresql/15/main

	head -3 "$root$cluster/postmaster.pid"
	chroot "$root" dpkg-query -W 'postgresql*' | awk 'NF == 2'
	(cd "$root" && find etc/postgresql etc/postgresql-common -type f -exec sha256sum {} + | sort)
	(cd "$root" && find ".$cluster" etc/postgresql -printf '%p %u %m\n' |
		grep -v -e pg_stat -e /base/ -e pg_wal -e pg_xact -e _fsm -e _vm -e pg_internal.init | sort)
	as postgres 'psql -p 54329 -AtXc "SELECT pg_postmaster_start_time(), count(*), sum(n) FROM kept"'
}

megabytes()
{
	du -smx "$root" | cut -f1
}

# Try the link at the end of ${1}: it must log in once and only once.
redeem()
{
	local link first second

	link=$(grep -o 'http://.*/login#.*' "$1")
	first=$(post_token "$link")
	second=$(post_token "$link")
	say "          ${link%%#*}: the link gives $first, the second time $second"
	[ "$first $second" = '200 401' ] || fail "${root##*/}: the link gave $first, then $second"
}

post_token()
{
	curl -s -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' \
		-d "{\"token\":\"${1#*#}\"}" "${1%%/login*}/api/v1/link"
}

# "make run" ends in the dashboard: wait for its link, try it, stop it as Ctrl-C does.
run_and_look()
{
	local user=$1 line=$2 log=$3 job pid

	# In a session of its own: the signal must not be ours, too.
	setsid -w chroot "$root" su - "$user" -c "$line" </dev/null >"$log" 2>&1 &
	job=$!
	while kill -0 "$job" 2>/dev/null && ! grep -qs '/login#' "$log"; do
		sleep 0.2
	done
	seconds=$((SECONDS - start))
	grep -q '/login#' "$log" || { wait "$job"; return 1; }
	sleep 1
	redeem "$log"
	for pid in $(inside); do
		if tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q '^[^ ]*ruastat run '; then
			kill -INT -- "-$(ps -o pgid= "$pid" | tr -d ' ')"
			break
		fi
	done
	wait "$job"
	sleep 1
	for pid in $(inside); do
		if readlink "/proc/$pid/cwd" | grep -q /data; then
			fail "${root##*/}: something runs on after Ctrl-C"
		fi
	done
	return 0
}

# Run one of the two commands as user ${1}; what was enabled or listening must not change.
timed()
{
	local user=$1 what=$2 line start size seconds rc log before

	log=$dir/log.${root##*/}.$what
	line="cd ruastat && make $what"
	[ -z "$only_deps" ] || line="cd ruastat && tests/build/deps.sh $what"
	before=$(listening)
	start=$SECONDS
	size=$(megabytes)
	if [ "$what" = run ] && [ -z "$only_deps" ]; then
		run_and_look "$user" "$line" "$log"
		rc=$?
	else
		as "$user" "$line" >"$log" 2>&1
		rc=$?
		seconds=$((SECONDS - start))
	fi
	[ "$rc" -eq 0 ] || fail "${root##*/}: $line as $user: exit $rc, see $log"
	printf '%-9s make %-6s %3d:%02d minutes, %d MB more on disk, %d MB in all; %s\n' \
		"${root##*/}" "$what" $((seconds / 60)) $((seconds % 60)) $(($(megabytes) - size)) \
		"$(megabytes)" "$(grep -h '^Need to get' "$log" || echo 'nothing to install')"
	say "          $(tail -n 1 "$log")"
	if [ "$before" != "$(listening)" ]; then
		fail "${root##*/}: what listens or is enabled differs after make $what"
		diff <(echo "$before") <(listening)
	fi
}

both()
{
	timed "$1" run
	[ -n "$only_run" ] || timed "$1" check
}

case_root()
{
	checkout root
	both root
}

user_tester()
{
	chroot "$root" useradd -m -s /bin/bash tester
	checkout tester
}

case_sudo()
{
	as root 'apt-get update && apt-get install -y --no-install-recommends sudo' \
		>"$dir/log.sudo.install" 2>&1
	user_tester
	echo 'tester ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/tester"
	both tester
}

case_nosudo()
{
	local what log=$dir/log.nosudo.message line="cd ruastat && tests/build/deps.sh"

	user_tester
	[ -n "$only_deps" ] || line="cd ruastat && make"
	for what in run check; do
		if as tester "$line $what" >"$log" 2>&1; then
			fail "nosudo: $what did not fail"
		fi
		grep -q 'apt-get install' "$log" || fail "nosudo: $what printed no line to run"
		say "nosudo    make $what says:"
		sed 's/^/          | /' "$log"
	done
	line=$(sed -n 's/^ *\(\/.*deps.sh install .*\)/\1/p' "$log")
	as root "$line" >"$dir/log.nosudo.install" 2>&1 || fail "nosudo: root could not run: $line"
	both tester
}

case_postgres()
{
	local before after

	as root 'apt-get update && apt-get install -y postgresql' >"$dir/log.postgres.install" 2>&1
	as root 'pg_ctlcluster 15 main stop' 2>/dev/null
	sed -i 's/^port = .*/port = 54329/' "$root/etc/postgresql/15/main/postgresql.conf"
	as root 'pg_ctlcluster 15 main start'
	as postgres 'psql -p 54329 -qXc "CREATE TABLE kept AS SELECT generate_series(1, 1000) n"'
	before=$(postgres_state)
	checkout root
	both root
	after=$(postgres_state)
	if [ "$before" = "$after" ]; then
		say "postgres  the running server is as it was: $(echo "$after" | tail -n 1)"
	else
		fail "postgres: the running server's state differs"
		diff <(echo "$before") <(echo "$after")
	fi
}

case_killed()
{
	local before pid

	checkout root
	before=$(listening | grep -v etc/systemd/user)
	as root 'ruastat/tests/build/deps.sh run' >"$dir/log.killed.first" 2>&1 &
	for _ in {1..15000}; do
		grep -qs '^Setting up postgresql-15' "$dir/log.killed.first" && break
		sleep 0.02
	done
	grep -q '^# ruastat' "$root/usr/sbin/policy-rc.d" ||
		fail "killed: the installation was not caught at work"
	while pid=$(inside) && [ -n "$pid" ]; do
		# shellcheck disable=SC2086 # a list of numbers
		kill -9 $pid 2>/dev/null
	done
	wait
	as root 'ruastat/tests/build/deps.sh run' >"$dir/log.killed.second" 2>&1 ||
		fail "killed: the second attempt, see $dir/log.killed.second"
	if [ "$before" = "$(listening | grep -v etc/systemd/user)" ]; then
		say "killed    the second attempt completed, nothing left behind"
	else
		fail "killed: what listens, is enabled or was left behind"
		diff <(echo "$before") <(listening)
	fi
}

case_control()
{
	local before

	before=$(listening)
	as root 'apt-get update && apt-get install -y --no-install-recommends postgresql-15' \
		>"$dir/log.control" 2>&1
	if diff <(echo "$before") <(listening) >"$dir/log.control.diff"; then
		fail "control: nothing is started or enabled by apt-get alone"
	fi
	say "control   by hand, apt-get leaves:"
	sed -n 's/^>/          |/p' "$dir/log.control.diff"
}

while getopts dkrw option; do
	case $option in
	d) only_deps=1 ;;
	k) keep=1 ;;
	r) only_run=1 ;;
	w) worktree=1 ;;
	*) exit 1 ;;
	esac
done
shift $((OPTIND - 1))
if [ $# -lt 1 ] || [ "$(id -u)" -ne 0 ]; then
	sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
	exit 1
fi
mkdir -p "$1"
dir=$(cd "$1" && pwd -P)
shift
[ $# -gt 0 ] || set -- root sudo nosudo postgres killed control
trap leave EXIT
trap 'exit 130' INT TERM HUP
make_base
for name; do
	enter "$name"
	say "$name: $(megabytes) MB before"
	"case_$name"
	leave
done
say "$failures failures"
[ "$failures" -eq 0 ]
