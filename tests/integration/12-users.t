#!/bin/bash
# Who ruastat is: as root it becomes _ruastat for good; what belongs to somebody else is never used, and the
# error names both.
# timeout: 60
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# ruastat ${@} as whoever "as" says, with no more than PATH in its environment but what "env" says.
env=()
run()
{
	timeout 60 env -i "PATH=$PATH" RUASTAT_TEST_NOSYNC=1 LC_ALL=C.UTF-8 "${env[@]}" "${as[@]}" "$work/ruastat" "$@" \
		>"$work/out" 2>"$work/err" </dev/null
	status=$?
}

# The last run ended with ${1} and one line that has all of ${@:3}.
ended()
{
	local word rc=0

	[ "$status" = "$1" ] && [ "$(wc -l <"$work/err")" = 1 ] || rc=1
	for word in "${@:3}"; do
		grep -qF -- "$word" "$work/err" || rc=1
	done
	result $rc "$2"
}

# As anybody.
use_state own
maildir "$work/box"
mail | put "$work/box/new/1"
"${as[@]}" mkdir "$work/real"
"${as[@]}" chmod 777 "$work/real"
"${as[@]}" ln -s real "$work/link"
env=("HOME=$work")
run ingest --no-config --state-dir "$work/link" "$work/box"
is "$status $(stat -c %a "$work/real") $([ -d "$work/real/data" ] && echo there)" '0 700 there' \
	'a link to a state directory is followed, and what is open to others closed'
if [ "$(id -u)" != 0 ]; then
	run ingest --no-config --state-dir /var/lib "$work/box"
	ended 1 "a directory that is root's" 'belongs to user "root"' "user \"$(id -un)\""
fi

needs_root()
{
	skip 'what root does' "$1"
	done_testing
	exit
}
[ "$(id -u)" = 0 ] || needs_root 'needs root'
id _ruastat >"$work/out" 2>&1 || needs_root 'there is no user _ruastat'
other=nobody
base=$(mktemp -d "${TMPDIR:-/tmp}/ruastat-users-XXXXXX") || exit 1
holders+=()
chmod 755 "$base"
clean_base()
{
	finish
	rm -rf "$base"
}
trap clean_base EXIT
user_as=("${as[@]}")
other_as=(setpriv "--reuid=$other" "--regid=$(id -g $other)" --clear-groups --)
made()
{
	install -d -o "$2" -m "$3" "$1"
}

# Root becomes _ruastat, with nothing of root's.
as=(setpriv '--groups=4,24' --inh-caps=+net_raw --)
env=(HOME=/root XDG_STATE_HOME=/root/state XDG_RUNTIME_DIR=/run/user/0 TMPDIR=/root/tmp PGHOST=/nonexistent PGPORT=1 USER=root)
made "$base/state" root 700
run ingest --no-config --state-dir "$base/state/deep/er" "$work/box"
is "$status $(cat "$work/err") $(stat -c '%U:%a' "$base/state" "$base/state/deep" "$base/state/deep/er" | xargs)" \
	"1 ruastat: could not make the state directory \"$base/state/deep/er\" as user \"_ruastat\": Permission denied \
root:700 root:755 _ruastat:700" 'a closed directory above it is told'
chmod 755 "$base/state"
run ingest --no-config --state-dir "$base/state/deep/er" "$work/box"
is "$status $(cat "$work/err")" '0 ' 'as root it makes the state directory and hands it over'
env -i "PATH=$PATH" "${env[@]}" "${as[@]}" "$work/ruastat" ingest --watch --no-config --state-dir "$base/state/deep/er" "$work/box" \
	>"$work/watch" 2>&1 </dev/null &
watcher=$!
holders+=("$watcher")
until_true [ -s "$base/state/deep/er/data/postmaster.pid" ]
until_true eval '[ "$(pgrep -c -P '$watcher')" -ge 1 ]'
uid=$(id -u _ruastat)
is "$(awk '$1 == "Uid:" || $1 == "Cap" { print $2, $3, $4, $5 }' /proc/$watcher/status)" "$uid $uid $uid $uid" 'all user ids are its'
is "$(awk '$1 == "Gid:" { print $2, $3, $4, $5 }' /proc/$watcher/status | tr ' ' '\n' | sort -u)" "$(id -g _ruastat)" 'all group ids'
is "$(awk '$1 == "Groups:" { $1 = ""; print }' /proc/$watcher/status | xargs -n 1 | sort -n | xargs)" \
	"$(id -G _ruastat | xargs -n 1 | sort -n | xargs)" 'its groups and no others'
is "$(awk '/^Cap(Inh|Prm|Eff|Amb):/ { print $2 }' /proc/$watcher/status | sort -u)" 0000000000000000 'no capability'
for child in $(pgrep -P $watcher); do
	tr '\0' '\n' <"/proc/$child/environ"
done | sort -u >"$work/out"
is "$(grep -c "^HOME=$(getent passwd _ruastat | cut -d : -f 6)$" "$work/out") \
$(grep -cE '^(XDG|TMPDIR|USER|LOGNAME|PG).*(root|/run/user/0)' "$work/out")" '1 0' "nothing of root's in the environment of what it starts"

# Mailboxes that it cannot read: the command that is named lets it.
made "$base/home" $other 700
made "$base/home/Maildir" $other 700
for d in cur new tmp; do
	made "$base/home/Maildir/$d" $other 700
done
run ingest --no-config --state-dir "$base/state/deep/er" -v "$base/home/Maildir"
grep -q "sudo -u $other, or setfacl -m u:_ruastat:x \"$base/home\"" "$work/err"
result $? 'a closed home: who may, and what opens it'
if command -v setfacl >"$work/null" && setfacl -m u:_ruastat:x "$base/home"; then
	for i in 1 2 3; do
		run ingest --no-config --state-dir "$base/state/deep/er" -v "$base/home/Maildir"
		command=$(sed -n 's/.* or \(setfacl [^)]*\))$/\1/p' "$work/err")
		[ -n "$command" ] || break
		sh -c "$command"
	done
	is "$status" 0 'the commands it names, one after the other, let it read'
else
	skip 'the commands it names, one after the other, let it read' 'no setfacl(1)'
fi
made "$base/grouped" $other 750
chgrp games "$base/grouped"
run ingest --no-config --state-dir "$base/state/deep/er" -v "$base/grouped/Maildir"
grep -q 'usermod -aG games _ruastat' "$work/err"
result $? 'one that is open to a group: how to come into it'
kill -TERM $watcher
wait $watcher 2>"$work/null"

# State directories of others.
maildir "$work/box2"
made "$base/his" $other 700
before=$(picture "$base/his")
run ingest --no-config --state-dir "$base/his" "$work/box"
ended 1 'as root, a state directory of somebody else' "\"$other\"" '"_ruastat"' "$base/his"
run ingest --no-config --state-dir "$base/his/state" "$work/box"
ended 1 'or one in a directory of somebody else' "\"$other\"" '"_ruastat"'
is "$(picture "$base/his")" "$before" 'nothing is changed there'
made "$base/open" root 777
run ingest --no-config --state-dir "$base/open/state" "$work/box"
ended 1 'one where anybody can put things' '"open" can be written to by anybody'
"${other_as[@]}" ln -s "$base/empty" "$base/open/link"
made "$base/empty" root 755
run ingest --no-config --state-dir "$base/open/link" "$work/box"
ended 1 'a link there' 'can be written to by anybody'
chmod 1777 "$base/open"
run ingest --no-config --state-dir "$base/open/link" "$work/box"
ended 1 "a link of somebody else's" "\"$other\""
is "$(stat -c %U "$base/empty")" root 'what it leads to is not given away'
"${other_as[@]}" mkdir -m 777 "$base/open/trap"
run ingest --no-config --state-dir "$base/open/trap" "$work/box"
ended 1 'a directory that somebody made beforehand' "\"$other\""
made "$base/full" root 755
touch "$base/full/file"
run ingest --no-config --state-dir "$base/full" "$work/box"
ended 1 'one of root that is not empty' "chown _ruastat"
ln -s "$base/empty" "$base/roots"
run domains --no-config --state-dir "$base/roots"
is "$(stat -c %U "$base/empty")" _ruastat "a link of root's own is followed"

# Two users.  ${other} with the environment, the path or a copy of what is _ruastat's.
as=("${other_as[@]}")
made "$base/home2" _ruastat 700
env=("HOME=$base/home2")
run domains --no-config
ended 1 "somebody else's HOME" "\"$other\"" '"_ruastat"' 'HOME'
made "$base/xdg" _ruastat 755
made "$base/xdg/ruastat" _ruastat 755
env=("HOME=$base/his" "XDG_STATE_HOME=$base/xdg")
run domains --no-config
ended 1 "somebody else's XDG_STATE_HOME" "\"$other\"" '"_ruastat"' 'XDG_STATE_HOME'
env=("HOME=$base/his")

as=("${user_as[@]}")
long=$(printf 'x%.0s' {1..90})
state=$work/$long/state
new_dir "$work/$long"
is "$(ruastat ingest "$work/box" && echo fine)" fine 'a state directory whose socket lies elsewhere'
hold_up
sql 'CREATE TABLE public.mine (n integer)' >"$work/out"
as=("${other_as[@]}")
run psql --no-config --state-dir "$state" -- -c 'SELECT 1'
ended 1 'the running cluster of another' "\"$other\"" '"_ruastat"'
made "$base/copies" $other 700
cp -a "$state" "$base/copies/$long"
chown -R "$other" "$base/copies"
run psql --no-config --state-dir "$base/copies/$long" -- -XAtc "SELECT current_setting('data_directory'), to_regclass('public.mine')"
is "$status $(cut -d '|' -f 1 "$work/out")" "0 $base/copies/$long/data" 'a copy of it, taken while it ran, is a cluster of its own'
is "$(grep -c . "$base/copies/$long/socket") $(cmp -s "$base/copies/$long/socket" "$state/socket" || echo another)" '1 another' \
	'by a socket of its own'
done_testing
