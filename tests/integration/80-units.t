#!/bin/bash
# The units: they are what systemd takes for right and well closed, and ruastat works in them, its
# database and its jailed workers included.  For that a systemd of its own is started, on a copy of this
# machine, and the units run there as they are installed.
# timeout: 180
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

units='ruastat-ingest.service ruastat-serve.service ruastat-watch.service'
dest=$work/machine/root
system=$dest/usr/lib/systemd/system

mkdir -p "$work/machine"
"${MAKE:-make}" --no-print-directory -s DESTDIR="$dest" PREFIX=/usr install >"$work/out" 2>"$work/err"
result $? 'installed below DESTDIR'
is "$(cd "$dest/usr/lib" && find systemd sysusers.d tmpfiles.d -type f -printf '%m %p\n' | sort)" \
	"644 systemd/system/ruastat-ingest.service
644 systemd/system/ruastat-ingest.timer
644 systemd/system/ruastat-serve.service
644 systemd/system/ruastat-watch.service
644 sysusers.d/ruastat.conf
644 tmpfiles.d/ruastat.conf" 'with all units, and nothing that enables one'
! grep -r '@[A-Z]*@' "$dest/usr/lib" >"$work/out"
result $? 'and every path in them'

if ! command -v systemd-analyze systemd-sysusers systemd-tmpfiles >"$work/out"; then
	skip 'what systemd says' 'there is no systemd here'
	done_testing
	exit
fi

# What systemd says of them without running them: of copies that lead to a program that is there.
mkdir "$work/units"
for unit in $units ruastat-ingest.timer; do
	sed "s,/usr/bin/ruastat,$work/ruastat," "$system/$unit" >"$work/units/$unit"
done
for unit in $units ruastat-ingest.timer; do
	SYSTEMD_UNIT_PATH=$work/units: systemd-analyze verify --man=no "$work/units/$unit" >"$work/out" 2>&1 &&
		[ ! -s "$work/out" ]
	result $? "$unit: nothing to complain of"
done
for unit in $units; do
	systemd-analyze security --offline=true --threshold=15 "$work/units/$unit" >"$work/security" 2>"$work/err"
	result $? "$unit: exposure $(sed -n 's/.*Overall exposure level for .*: \([0-9.]*\).*/\1/p' "$work/security")"
done
mkdir -p "$work/scratch/etc"
systemd-sysusers --root="$work/scratch" "$dest/usr/lib/sysusers.d/ruastat.conf" >"$work/out" 2>"$work/err"
is "$(cut -d : -f 1,5,6,7 "$work/scratch/etc/passwd")" \
	'_ruastat:DMARC report store:/var/lib/ruastat:/usr/sbin/nologin' 'sysusers makes the user'
sed 's/ _ruastat / root /g' "$dest/usr/lib/tmpfiles.d/ruastat.conf" >"$work/tmpfiles.conf"
if [ "$(id -u)" = 0 ]; then
	systemd-tmpfiles --create --root="$work/scratch" "$dest/usr/lib/tmpfiles.d/ruastat.conf" >"$work/out" 2>"$work/err"
	is "$(stat -c '%A %U' "$work/scratch/var/lib/ruastat" 2>&1)" \
		"drwx------ $(stat -c %U "$work/scratch/var/lib/ruastat")" 'tmpfiles makes the state directory'
	is "$(stat -c %u "$work/scratch/var/lib/ruastat")" \
		"$(cut -d : -f 3 "$work/scratch/etc/passwd")" 'which is its'
else
	skip 'tmpfiles makes the state directory' 'only root can'
fi

# From here on a systemd runs them.
: >"$work/err"
unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
cgroup=$unified/ruastat-test-$$
remove_cgroup()
{
	local i

	for ((i = 0; i < 50; i++)); do
		find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null
		[ -d "$cgroup" ] || return
		sleep 0.1
	done
}
if [ "$(id -u)" != 0 ] || [ ! -x /lib/systemd/systemd ] || [ -z "$unified" ] || ! mkdir "$cgroup" 2>"$work/err" ||
	! unshare --mount --pid --fork --uts --ipc --net --cgroup true 2>>"$work/err"; then
	[ ! -d "$cgroup" ] || remove_cgroup
	skip 'a systemd that runs them' "it takes root, namespaces and a cgroup of one's own: $(tail -n 1 "$work/err")"
	done_testing
	exit
fi

# The mailboxes: one in a home that may only be read, one that mails are moved in.
mkdir -p "$dest/etc" "$dest/srv/box/new" "$dest/srv/box/cur" "$dest/srv/box/tmp" "$work/machine/units"
report reporter.example one example.org 1795132800 1795219199 '192.0.2.1 7' >"$work/one.xml"
report reporter.example two example.org 1795219200 1795305599 '192.0.2.1 8' >"$work/two.xml"
report reporter.example three example.org 1795305600 1795391999 '192.0.2.1 9' >"$work/three.xml"
report reporter.example four example.org 1795392000 1795478399 '192.0.2.1 10' >"$work/four.xml"
report reporter.example cut example.org 1795132800 1795219199 '192.0.2.1 7' | gzip -nc | head -c 40 >"$work/cut.xml.gz"
for name in one two three four; do
	mail "$work/$name.xml" >"$work/machine/$name.mail"
done
mail "$work/cut.xml.gz" >"$work/machine/cut.mail"
cat >"$dest/etc/ruastat.conf" <<-'END'
	source home { path = "/home/ada/Maildir" }
	source box { path = "/srv/box" after = move move_to = Done }
END
for name in sysinit basic shutdown network-online multi-user timers umount default; do
	printf '[Unit]\nDefaultDependencies=no\n' >"$work/machine/units/$name.target"
done
echo 'Wants=drill.service' >>"$work/machine/units/default.target"
cat >"$work/machine/units/drill.service" <<-'END'
	[Unit]
	DefaultDependencies=no
	[Service]
	ExecStart=/bin/bash /drill/drill.sh
	StandardOutput=file:/drill/out
	StandardError=file:/drill/err
END
# One that says what it finds when it is closed in as a run is.
{
	sed 's,^ExecStart=.*,ExecStart=/usr/bin/ruastat check-config,' "$system/ruastat-ingest.service"
	echo 'StandardOutput=file:/drill/checked'
} >"$work/machine/units/look.service"
cat >"$work/machine/drill.sh" <<'END'
# Runs there.  A line for each thing that is to be so: its name, what was found, and when, in seconds.
say()
{
	printf '%s\t%s\t%s\n' "$1" "$2" $SECONDS
}
now()
{
	systemctl show -P "$2" "ruastat-$1"
}
messages()
{
	ruastat psql -- -XqAtc 'SELECT count(*), coalesce(sum(messages), 0) FROM ruastat.reports' 2>&1
}
until_true()
{
	local i

	for ((i = 0; i < 400; i++)); do
		"$@" && return
		sleep 0.05
	done
	return 1
}
stored()
{
	[ "$(messages)" = "$1" ]
}
deliver()
{
	install -o "$3" -m 644 "/drill/$1.mail" "$2/tmp/$1"
	mv "$2/tmp/$1" "$2/new/$1.M1P1.host"
}
postmaster()
{
	head -n 1 /var/lib/ruastat/data/postmaster.pid 2>/dev/null
}
# The unit that the server belongs to.
owner()
{
	sed -n 's,^0::.*/,,p' "/proc/$(postmaster)/cgroup"
}
page()
{
	curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/
}
answers()
{
	[ "$(page) $(now serve ActiveState)" = '200 active' ]
}

watches()
{
	[ "$(now watch ActiveState)" = active ]
}

systemd-sysusers /usr/lib/sysusers.d/ruastat.conf
systemd-tmpfiles --create /usr/lib/tmpfiles.d/ruastat.conf
mkdir -p /home/ada/Maildir/new /home/ada/Maildir/cur /home/ada/Maildir/tmp
chown -R daemon /home/ada
chown -R _ruastat:mail /srv/box
chmod -R 2770 /srv/box
deliver one /home/ada/Maildir daemon
deliver two /srv/box _ruastat

systemctl start look.service
say checked "$?"
systemctl start ruastat-ingest.service
say 'cannot move' "$? $(now ingest ExecMainStatus) $(now ingest ActiveState)"
mkdir /units/ruastat-ingest.service.d /units/ruastat-watch.service.d /units/ruastat-serve.service.d
printf '[Service]\nSupplementaryGroups=mail\nReadWritePaths=/srv/box\n' |
	tee /units/ruastat-ingest.service.d/box.conf >/units/ruastat-watch.service.d/box.conf
printf '[Service]\nRestartSec=1\n' >/units/ruastat-serve.service.d/soon.conf
systemctl daemon-reload
systemctl start ruastat-ingest.service
say 'a run' "$? $(now ingest Result) $(now ingest ActiveState)"
say 'moved' "$(cd /srv/box && find . -name 'two*') $(stat -c '%a %G' /srv/box/.Done /srv/box/.Done/cur | sort -u | xargs)"
say 'nothing left' "$(pgrep -c -u _ruastat) $(postmaster)"
say 'stored' "$(messages)"
deliver cut /home/ada/Maildir daemon
systemctl start ruastat-ingest.service
say 'unreadable' "$? $(now ingest Result) $(now ingest ActiveState) $(ruastat intake --csv --outcome corrupt | grep -c cut)"

systemctl start ruastat-serve.service
say 'serve' "$? $(now serve ActiveState) $(page) $(owner)"
server=$(postmaster)
systemctl start ruastat-ingest.service
say 'a run beside it' "$? $([ "$(postmaster)" = "$server" ] && echo 'the same server')"
systemctl start ruastat-watch.service
say 'watch' "$? $(now watch ActiveState) $(now watch StatusText)"
deliver three /srv/box _ruastat
until_true stored '3|24'
say 'watched' "$(messages)"
for pid in $(now watch MainPID) $(pgrep -u _ruastat -f -n '^ruastat-worker'); do
	grep -E '^(CapBnd|NoNewPrivs|Seccomp):' "/proc/$pid/status" | cut -f 2 | xargs
	sed -n 's/^Seccomp_filters:[^0-9]*//p' "/proc/$pid/status"
done >/drill/jails
say jailed "$(sed -n '1p;3p' /drill/jails | xargs) $(($(sed -n 4p /drill/jails) - $(sed -n 2p /drill/jails)))"
started=$SECONDS
systemctl reload ruastat-watch.service
rc=$?
until_true watches
say 'reload' "$rc $(now watch ActiveState) $((SECONDS - started < 20))"

# The server goes with the unit that started it, without a word to those who use it.
systemctl kill --signal=KILL ruastat-serve.service
deliver four /srv/box _ruastat
until_true stored '4|34'
say 'killed' "$(messages)"
until_true answers
say 'back' "$(page) $(now serve ActiveState) $(now serve NRestarts)"
started=$SECONDS
systemctl stop ruastat-watch.service
say 'watch stopped' "$? $(now watch Result) $(now watch ExecMainStatus) $((SECONDS - started < 20))"
until_true answers
say 'it answers' "$(page) $(messages)"
started=$SECONDS
systemctl stop ruastat-serve.service
say 'serve stopped' "$? $(now serve Result) $((SECONDS - started < 20)) $(pgrep -c -u _ruastat)"
ruastat verify >/dev/null
say 'verify' $?
systemctl start ruastat-ingest.timer
say 'timer' "$(now ingest.timer ActiveState) $(systemctl show -P NextElapseUSecRealtime ruastat-ingest.timer | grep -c :)"
touch /drill/done
END

: >"$work/machine/err"
(
	echo "$BASHPID" >"$cgroup/cgroup.procs"
	exec unshare --mount --pid --fork --uts --ipc --net --cgroup --kill-child \
		tests/integration/systemd.sh "$work/machine"
) >"$work/out" 2>"$work/err" &
machine=$!
for ((i = 0; i < 1200; i++)); do
	[ ! -e "$work/machine/done" ] && kill -0 $machine 2>/dev/null || break
	sleep 0.1
done
kill -KILL $machine 2>/dev/null
{ wait $machine; } 2>/dev/null
remove_cgroup

found()
{
	is "$(awk -F '\t' -v name="$1" '$1 == name { print $2 }' "$work/machine/out")" "$2" "$3"
}
[ -e "$work/machine/done" ]
result $? 'a systemd runs the units'
cp "$work/machine/err" "$work/err"
found checked 0 'check-config runs as a unit'
grep -i landlock "$work/machine/checked" >"$work/out"
diag "there: $(tr -s ' ' <"$work/out")"
! grep -qiE 'no (seccomp|landlock)|not available' "$work/machine/checked"
result $? 'and finds seccomp and Landlock'
found 'cannot move' '1 75 failed' 'a maildir that cannot be written is a failure'
found 'a run' '0 success inactive' 'and a drop-in opens it'
found moved './.Done/cur/two.M1P1.host:2, 770 mail' \
	'mails are moved to a folder that is open to whom the maildir is'
found 'nothing left' '0 ' 'a run leaves no process behind'
found stored '2|15' 'what it read is stored'
found unreadable '0 success inactive 1' 'a mail that cannot be read is no failure of the unit'
found serve '0 active 200 ruastat-serve.service' 'the dashboard is ready, and the server its'
found 'a run beside it' '0 the same server' 'a run beside it uses that one'
found watch '0 active watching 2 sources, 0 of them in trouble; 0 mails read' 'watching is ready'
found watched '3|24' 'and stores what comes'
found jailed '0000000000000000 1 2 0000000000000000 1 2 1' 'its workers have a jail of their own in that of the unit'
found reload '0 active 1' 'it reads its configuration again'
found killed '4|34' 'the dashboard and the server are killed: watching starts it again'
found back '200 active 1' 'and the dashboard is started again'
found 'watch stopped' '0 success 0 1' 'watching ends in good order'
found 'it answers' '200 4|34' 'the dashboard goes on'
found 'serve stopped' '0 success 1 0' 'and ends with all that it started'
found verify 0 'nothing is lost, nothing counted twice'
found timer 'active 1' 'the timer has a next time'
[ ! -d "$cgroup" ]
result $? 'nothing of it is left'
done_testing
