#!/bin/bash
# Run by cron: silence when nothing is wrong, one line for each thing that is, once a day; the exit status
# each time.
# timeout: 60
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# ruastat ingest ARGUMENT...: as cron runs it.
cron()
{
	ruastat ingest "$@"
	[ ! -s "$work/out" ] || echo 'something on standard output'
}

# How it ended, and how many lines it said.
heard()
{
	echo "$status $(wc -l <"$work/err")"
}

# One thing, said in one line that holds all of ${3}…; not again, by the same status ${2}.
once()
{
	local what=$1 expected=$2 words

	mapfile -t words <"$work/words"
	cron "${@:3}"
	is "$(heard)" "$expected 1" "$what: one line"
	for word in "${words[@]}"; do
		grep -qF -- "$word" "$work/err"
		result $? "... which says \"$word\""
	done
	cron "${@:3}"
	is "$(heard)" "$expected 0" '... and not again'
}
words()
{
	printf '%s\n' "$@" >"$work/words"
}

# The time of the first line told so far, ${1} seconds before now.
age_told()
{
	local at=$(((EPOCHSECONDS - $1) * 1000000)) bytes='' i

	for ((i = 0; i < 8; i++)); do
		bytes+=$(printf '\\x%02x' $((at >> (8 * i) & 255)))
	done
	printf '%b' "$bytes" | "${as[@]}" dd of="$state/told" conv=notrunc status=none
}

use_state state
box=$work/box
maildir "$box"
mailgen --story bench --reports 5 --days 2 "$work/mail" >"$work/out" 2>"$work/err"
for f in "$work"/mail/*/*; do
	put "$box/new/${f##*/}" <"$f"
done
cron "$box"
is "$(heard)" '0 0' 'a first run that finds nothing wrong says nothing'
hold_up
cron "$box"
is "$(heard)" '0 0' 'nor a second one'

words "$work/none"
once 'a mailbox that is missing' 1 "$work/none"
ruastat ingest -v "$work/none"
is "$(grep -c 'there is no such' "$work/err")" 1 '-v says it each time'
if command -v script >"$work/out"; then
	timeout 60 script -qec "${as[*]} $work/ruastat ingest --no-config --state-dir $state $work/none" /dev/null \
		>"$work/out" 2>&1 </dev/null
	is "$(grep -c 'there is no such' "$work/out")" 1 'so does a run on a terminal'
else
	skip 'so does a run on a terminal' 'no script(1)'
fi
ruastat reports --outcome none
ruastat reports --outcome none
is "$(wc -l <"$work/err")" 1 'so does any other verb'

mode()
{
	"${as[@]}" chmod "$@"
}
maildir "$work/closed"
mode 0 "$work/closed"
words "$work/closed" 'Permission denied'
once 'a maildir that cannot be opened' 75 "$work/closed"
maildir "$work/some"
for f in "$box"/new/*; do
	put "$work/some/new/${f##*/}" <"$f"
done
mode 0 "$work"/some/new/*
words "$work/some" 'Permission denied' 'others in'
once 'mails that cannot be read' 75 "$work/some"
mode 600 "$work"/some/new/*
cron "$work/some"
is "$(heard) $(sql 'SELECT count(*) FROM ruastat.reports')" '0 0 5' 'once they can, nothing is said, and all is as it would have been'
words "port 1" 'Connection refused'
once 'a database that does not answer' 75 --database 'host=127.0.0.1 port=1 user=ada dbname=reports' "$box"
grep -q '\\x' "$work/err"
is $? 1 '... without escapes'

# Two things are two lines, and the worst is the exit status.
cron "$work/closed2" "$box" "$work/none2"
is "$(heard) $(grep -c -e closed2 -e none2 "$work/err")" '1 2 2' 'two things are two lines, each with its mailbox'
maildir "$work/closed3"
mode 0 "$work/closed3"
report reporter.example 1 example.org 1763596800 1763683199 '192.0.2.1 1' | gzip | head -c 300 >"$work/broken.xml.gz"
broken()
{
	maildir "$work/bad"
	mail "$work/broken.xml.gz" | put "$work/bad/new/$1"
}
broken 1
cron "$work/closed3" "$work/bad" "$box"
is "$(heard)" '75 2' 'a mailbox that cannot be opened is worse than a mail that cannot be read; both are told'
broken 2
cron "$work/closed3" "$work/bad" "$box"
is "$(heard) $(grep -c '1 new mail holds a report that could not' "$work/err")" '75 1 1' 'another mail is news, the mailbox is not'
broken 3
cron "$work/bad"
is "$(heard)" '2 1' 'a mail that cannot be read, alone'
cron "$work/bad" "$work/none"
is "$(heard)" '1 0' 'and no news once it is known'

# Configurations.  There is a state directory, which the one that cannot be read does not name.
printf 'sources = {\n' | put "$work/conf"
configured()
{
	timeout 60 "${as[@]}" "$work/ruastat" ingest --config "$work/conf" --state-dir "$state" \
		>"$work/out" 2>"$work/err" </dev/null
	status=$?
}
configured
first=$(heard)
configured
is "$first, $(heard)" '1 1, 1 0' 'a configuration that is wrong: once'
mode 0 "$work/conf"
configured
first=$(heard)
configured
is "$first, $(heard)" '1 1, 1 0' 'one that cannot be read: once'

# What is remembered.
is "$(stat -c '%s %a' "$state/told")" '4096 600' 'what was told is a file of fixed size'
names=()
for ((i = 0; i < 300; i++)); do
	names+=("$work/many/$i")
done
cron "${names[@]}"
first=$(heard)
cron "${names[@]:250}"
is "$first, $(heard) $(stat -c %s "$state/told")" '1 300, 1 0 4096' 'more lines than it holds: each is said, the last ones are remembered'
"${as[@]}" dd if=/dev/urandom of="$state/told" bs=4096 count=1 conv=notrunc status=none
cron "$work/none"
is "$(heard)" '1 1' 'garbage is nothing told'
"${as[@]}" truncate -s 100 "$state/told"
cron "$work/none"
first=$(heard)
cron "$work/none"
is "$first, $(heard) $(stat -c %s "$state/told")" '1 1, 1 0 4096' 'a file cut short is made anew'
age_told 84000
cron "$work/none"
first=$(heard)
age_told 84700
cron "$work/none"
is "$first, $(heard)" '1 0, 1 1' 'the next day it is said again, also by a daily run that is a little early'
age_told -7200
cron "$work/none"
is "$(heard)" '1 1' 'after a clock was set back, too'
"${as[@]}" rm "$state/told"
"${as[@]}" mkdir "$state/told"
cron "$work/none"
first=$(heard)
cron "$work/none"
is "$first, $(heard)" '1 1, 1 1' 'where nothing can be remembered, all is said'
"${as[@]}" rmdir "$state/told"
"${as[@]}" ln -s "$work/elsewhere" "$state/told"
cron "$work/none"
is "$(heard) $([ -e "$work/elsewhere" ] || echo untouched)" '1 1 untouched' 'a link is not followed'
"${as[@]}" rm "$state/told"

# A disk that fills up while a batch is written: PostgreSQL fails in another way each time, but it is one thing.
if [ "${RUASTAT_DRILL:-}" = full ] && [ "$(id -u)" = 0 ] && unshare -m true 2>"$work/err"; then
	mailgen --story bench --reports 3000 --days 5 "$work/many-mails" >"$work/out"
	"${as[@]}" mkdir "$work/disk" "$work/empty"
	said=$(unshare -m bash -c '
		mount -t tmpfs -o size=64m tmpfs "$1" && chown "$2" "$1" || exit
		shift 2
		run() { "$@" >/dev/null; echo "$?"; }
		ingest=("${@:1:$#-2}")
		run "${ingest[@]}" "${@: -1}"
		head -c $((($(df --output=avail -k "${ingest[-1]%/*}" | tail -n 1) - 3000) * 1024)) /dev/zero >"${ingest[-1]%/*}/fill"
		for i in 1 2 3; do
			run "${ingest[@]}" "${@: -2:1}"
		done
	' disk "$work/disk" "$user" timeout 120 "${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$work/disk/state" \
		"$work/many-mails" "$work/empty" 2>&1 </dev/null | xargs)
	is "$said" "0 ruastat: the disk of the state directory $work/disk/state has too little room left: make room there 75 75 75" \
		'a disk that is full: once'
else
	skip 'a disk that is full: once' 'RUASTAT_DRILL is not full, or not root'
fi

# One process per mailbox.
new_dir "$work/other"
f=$(sql "SELECT lock FROM ruastat_data.run WHERE path = '$box'")
exec {held}<>"$state/locks/$f"
flock -n "$held"
result $? 'the database knows the lock'
mail | put "$box/new/late"
cron "$box"
is "$(heard) $(sql "SELECT count(*) FROM ruastat.intake WHERE name LIKE '%late'")" '0 0 0' \
	'a second run leaves the mailbox to the first, in silence'
exec {held}>&-
cron "$box"
is "$(heard) $(sql "SELECT count(*) FROM ruastat.intake WHERE name LIKE '%late'")" '0 0 1' 'the next one reads it'
verifies
done_testing
