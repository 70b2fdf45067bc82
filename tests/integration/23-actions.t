#!/bin/bash
# What is done to a maildir's mails once they are stored: only to those, exactly what was said,
# and never anything to a mail that is no report.
# timeout: 300
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

known=10000
[ "${RUASTAT_DRILL:-}" != full ] || known=100000
use_state state

# The mailbox every action starts from: reports (some twice), ordinary mail, and what cannot be
# read or is not supported.  mails-* lists the base names of each kind.
all=$work/all
mailgen --story bench --reports 80 --duplicates 6 --domains 9 "$all" >"$work/made"
find "$all" -type f -printf '%f\n' | sed 's/:2,.*//' | sort >"$work/mails-report"
mailgen --add --seed 7 --story bench --reports 0 --noise 500 "$all" >"$work/made-noise"
find "$all" -type f -printf '%f\n' | sed 's/:2,.*//' | sort | comm -13 "$work/mails-report" - >"$work/mails-noise"
report reporter.example one example.org 1700006400 1700092799 '192.0.2.1 3' >"$work/one.xml"
gzip -nc "$work/one.xml" | head -c 200 >"$work/torn.xml.gz"
echo '{"organization-name":"x","date-range":{},"policies":[]}' >"$work/tls.json"
mail "$work/torn.xml.gz" | put "$all/new/1700100000.M1P1.bad"
mail "$work/one.xml" "$work/torn.xml.gz" | put "$all/cur/1700100000.M2P1.bad:2,F"
report reporter.example '' example.org 1700006400 1700092799 '192.0.2.1 3' | head -c 400 >"$work/half.xml"
mail "$work/half.xml" | put "$all/cur/1700100000.M3P1.bad:2,S"
printf '%s\n' 1700100000.M{1,2,3}P1.bad >"$work/mails-bad"
# What servers and programs keep beside the mails.
for f in dovecot-uidlist dovecot.index.cache subscriptions .mbsyncstate .stfolder cur/dovecot.index.log; do
	echo "$f" | put "$all/$f"
done
echo half a mail | put "$all/tmp/1700100000.M9P9.host"
reports=$(wc -l <"$work/mails-report")
is "$(wc -l <"$work/mails-noise")" 500 '500 ordinary mails'

copy()
{
	box=$work/$1
	"${as[@]}" cp -a "$all" "$box"
}

# Names and contents of the mails ${2} (a kind) that lie in maildir ${1}.
those()
{
	(cd "$1" && find new cur -type f | sort | awk -v list="$work/mails-$2" '
		BEGIN { while ((getline name <list) > 0) of_kind[name] }
		{ base = $0; sub(/.*\//, "", base); sub(/:2,.*/, "", base) }
		base in of_kind' | xargs -d '\n' -r sha256sum)
}

others()
{
	(cd "$1" && find . -maxdepth 2 -type f ! -path './new/*' ! -path './cur/1*' ! -path './.?*/*' |
		sort | xargs -d '\n' -r sha256sum)
}

for kind in report noise bad; do
	those "$all" $kind >"$work/was-$kind"
done
others "$all" >"$work/was-other"

untouched()
{
	local kind

	for kind; do
		those "$box" "$kind" >"$work/is-$kind"
		same "$work/is-$kind" "$work/was-$kind" "$action: $kind mails are as they were, names included"
	done
	others "$box" >"$work/is-other"
	same "$work/is-other" "$work/was-other" "$action: so is everything beside them"
}

# The maildir ${1} holds each mail of a kind once, with its bytes and all its flags.
holds()
{
	for f in "$1"/new/* "$1"/cur/*; do
		[ ! -f "$f" ] || echo "${f##*/}"
	done | sed 's/:2,.*//' | sort >"$work/names"
	cat "${@:2}" | sort >"$work/want"
	same "$work/names" "$work/want" "$action: each once in ${1##*/}"
	(cd "$1" && find new cur -type f -print0 | xargs -0r sha256sum | cut -c 1-64 | sort) >"$work/got"
	for f in "${@:2}"; do
		cut -c 1-64 "$work/was-${f##*-}"
	done | sort >"$work/want"
	same "$work/got" "$work/want" "$action: with its bytes"
	is "$(ls "$1/tmp")" '' "$action: and nothing half done"
}

action=keep
copy keep
picture "$box" >"$work/before"
ingest "$box"
hold_up
is "$status $(totals mails imported duplicate not_a_report corrupt reports)" \
	"2 $((reports + 503)) $((reports - 6)) 6 500 3 $((reports - 6 + 1))" 'keep: all is read'
picture "$box" >"$work/after"
same "$work/after" "$work/before" 'keep: nothing is changed'
ingest "$box"
is "$status $(totals mails)" '0 0' 'keep: and nothing is new'

action=seen
copy seen
ingest --after seen "$box"
is "$status $(totals mails)" "2 $((reports + 503))" 'seen: all is read'
untouched noise bad
is "$(those "$box" report | grep -c ' cur/.*:2,[A-Z]*S[A-Z]*$')" "$reports" 'seen: all reports are marked'
is "$(those "$box" report | cut -c 1-64 | sort | sha256sum)" "$(cut -c 1-64 "$work/was-report" | sort | sha256sum)" \
	'seen: with their bytes'
picture "$box" >"$work/before"
ingest --after seen "$box"
is "$status $(totals mails)" '0 0' 'seen: a second run finds nothing'
picture "$box" >"$work/after"
same "$work/after" "$work/before" 'seen: and does nothing'
# Unread again: that is the reader's wish.
f=$(cd "$box/cur" && printf '%s\n' *:2,S | grep -Fxf <(sed 's/$/:2,S/' "$work/mails-report") | head -n 1)
"${as[@]}" mv "$box/cur/$f" "$box/cur/${f%S}"
ingest --after seen "$box"
[ -e "$box/cur/${f%S}" ]
result $? 'seen: what a reader marks as unread stays so'

action=move
copy move
ingest --after move --move-to Done "$box"
is "$status $(totals mails)" "2 $((reports + 503))" 'move: all is read'
untouched noise bad
is "$(those "$box" report)" '' 'move: no report is left'
holds "$box/.Done" "$work/mails-report"
[ -e "$box/.Done/maildirfolder" ]
result $? 'move: into a folder of the mailbox'
is "$(find "$box/.Done/cur" -name '*:2,S' | wc -l)" "$(grep -c ':2,S$' "$work/was-report")" 'move: flags are kept'
ingest --after move --move-to Done --subfolders "$box"
is "$status $(totals mails)" '0 0' 'move: the folder moved to is never a source'

action='move, failures'
copy move-failures
new_dir "$work/elsewhere"
ingest --after move --move-to "$work/elsewhere/done" --failures Unreadable "$box"
is "$status $(totals mails)" "2 $((reports + 503))" 'move to a path, failures to a folder'
untouched noise
is "$(those "$box" report; those "$box" bad)" '' 'failures: neither reports nor bad ones are left'
holds "$work/elsewhere/done" "$work/mails-report"
holds "$box/.Unreadable" "$work/mails-bad"

action=delete
copy delete
ingest --after delete "$box"
is "$status $(totals mails)" "2 $((reports + 503))" 'delete: all is read'
untouched noise bad
is "$(those "$box" report)" '' 'delete: no report is left'
ingest --after delete "$box"
is "$status $(totals mails)" '0 0' 'delete: a second run finds nothing'

# The action comes later: nothing is read again.
action='keep, then move'
copy later
ingest "$box"
is "$status $(totals mails)" "2 $((reports + 503))" 'first kept'
ingest --after move --move-to Done --failures Unreadable "$box"
is "$status $(totals mails)" '0 0' 'then moved without being read again'
untouched noise
holds "$box/.Done" "$work/mails-report"
holds "$box/.Unreadable" "$work/mails-bad"
action='seen, then delete'
copy later-still
ingest --after seen "$box"
ingest --after delete "$box"
is "$status $(totals mails)" '0 0' 'first seen, then deleted without being read again'
untouched noise bad
is "$(those "$box" report)" '' 'seen, then delete: no report is left'

# Subfolders.
action=subfolders
box=$work/folders
maildir "$box"
i=0
for f in .DMARC .DMARC.2023 .Other; do
	"${as[@]}" cp -a "$all" "$box/$f"
	"${as[@]}" find "$box/$f/new" "$box/$f/cur" -type f | sort |
		awk -v i=$i 'NR % 3 != i' | "${as[@]}" xargs -d '\n' rm
	i=$((i + 1))
done
picture "$box" >"$work/before"
ingest --after delete "$box"
is "$status $(totals mails)" '0 0' 'subfolders are not read'
picture "$box" >"$work/after"
same "$work/after" "$work/before" 'nor touched'
in_folders()
{
	find "$box"/.[!.]*/new "$box"/.[!.]*/cur -type f -name '[0-9]*' -printf '%f\n' | sed 's/:2,.*//' | sort
}
ingest --after delete --subfolders "$box"
is "$status $(totals mails)" "2 $((reports + 503))" 'with --subfolders they are'
in_folders >"$work/left"
sort "$work/mails-noise" "$work/mails-bad" >"$work/want"
same "$work/left" "$work/want" 'and their reports are gone, and nothing else'

# Actions that are refused.
action=refused
for what in seen delete 'move --move-to Done'; do
	copy "refused-${what%% *}"
	"${as[@]}" chmod 555 "$box/new" "$box/cur"
	# shellcheck disable=SC2086 # an action and its option
	ingest --after $what "$box"
	is "$status $(totals mails)" "75 $((reports + 503))" "$what in a read-only mailbox: later, but all is read"
	is "$(grep -c "$box.*Permission denied" "$work/err")" 1 'said once, where and why'
	those "$box" report >"$work/is-report"
	same "$work/is-report" "$work/was-report" 'nothing is done'
	# shellcheck disable=SC2086
	ingest --after $what "$box"
	is "$status $(totals mails) $(grep -c "$box.*Permission denied" "$work/err")" '75 0 0' 'the next run ends alike, and does not say it again'
	"${as[@]}" chmod 755 "$box/new" "$box/cur"
	# shellcheck disable=SC2086
	ingest --after $what "$box"
	is "$status $(totals mails)" '0 0' 'when it may, it does it without reading again'
	if [ "$what" = seen ]; then
		is "$(those "$box" report | grep -vc ' cur/.*:2,[A-Z]*S')" 0 'all'
	else
		is "$(those "$box" report)" '' 'all'
	fi
	untouched noise bad
done
copy target
"${as[@]}" mkdir "$work/shut"
"${as[@]}" chmod 555 "$work/shut"
ingest --after move --move-to "$work/shut/done" "$box"
is "$status $(totals mails) $(grep -c "$work/shut/done.*Permission denied" "$work/err")" "75 $((reports + 503)) 1" \
	'a target that cannot be made'
"${as[@]}" chmod 755 "$work/shut"
ingest --after move --move-to "$work/shut/done" "$box"
is "$status $(totals mails)" '0 0' 'and can later'
holds "$work/shut/done" "$work/mails-report"

# What makes no sense is said before anything is done.
copy sense
picture "$box" >"$work/before"
nonsense()
{
	local words=$1

	shift
	ingest "$@"
	[ $status -eq 1 ] && grep -qE "$words" "$work/err"
	result $? "$*: $(sed 's/^ruastat: //; s|/tmp/[^ ]*/||' "$work/err" | head -n 1)"
}
nonsense 'not said where' --after move "$box"
nonsense 'keep, seen, move or delete' --after burn "$box"
nonsense 'source itself' --after move --move-to "$box" "$box"
nonsense 'neither a folder' --after move --move-to INBOX "$box"
nonsense 'parent does not exist' --after move --move-to "$work/no/where" "$box"
nonsense 'no maildir' --after move --move-to "$work/elsewhere" "$box"
nonsense 'no maildir' --after delete "$work/one.xml"
nonsense 'no maildir' --failures Bad "$work/elsewhere/done/cur"
picture "$box" >"$work/after"
same "$work/after" "$work/before" 'and the mailbox is as it was'

# Mail comes in and is read by its owner meanwhile.
action=busy
box=$work/busy
mailgen --story bench --reports 1500 --seed 21 "$box" >"$work/made-busy"
mailgen --story bench --reports 150 --seed 22 "$work/incoming" >"$work/made-in"
find "$box" "$work/incoming" -type f -printf '%f\n' | sed 's/:2,.*//' | sort >"$work/mails-busy"
# shellcheck disable=SC2016 # for the inner shell
"${as[@]}" bash -c 'for f in "$2"/new/* "$2"/cur/*; do
		name=${f##*/}
		mv "$f" "$1/tmp/$name" && mv "$1/tmp/$name" "$1/new/${name%%:2,*}"
		for g in "$1"/new/*; do
			if [ $((RANDOM % 20)) = 0 ]; then
				mv "$g" "$1/cur/${g##*/}:2,S" 2>/dev/null
				break
			fi
		done
	done' - "$box" "$work/incoming" &
busy=$!
ingest --after move --move-to Done "$box"
is "$status" 0 'mail comes in and is read meanwhile'
wait $busy
ingest --after move --move-to Done "$box"
is "$status" 0 'and the next run'
is "$(find "$box/new" "$box/cur" "$box/tmp" -type f)" '' 'leaves nothing in the mailbox'
find "$box/.Done" -type f -path '*/cur/*' -printf '%f\n' | sed 's/:2,.*//' | sort >"$work/names"
same "$work/names" "$work/mails-busy" 'and each mail once in the other'
is "$(sql "SELECT count(*), count(DISTINCT regexp_replace(name, '^.*/|:2,.*\$', '', 'g')) FROM ruastat.intake
	WHERE source LIKE '%/busy'")" '1650|1650' 'each was read once'
verifies

# A large mailbox in which little is new.
kill "${holders[@]}"
wait "${holders[@]}" 2>/dev/null
use_state large
box=$work/large
start=$(milliseconds)
mailgen --story bench --reports $known "$box" >"$work/made-large"
made=$(milliseconds)
ingest "$box"
is "$status $(totals reports)" "0 $known" "$known mails"
diag "made in $((made - start)) ms, read in $(($(milliseconds) - made)) ms"
for round in 1 2 3; do
	mailgen --add --seed $((round + 30)) --story bench --reports 1 "$box" >"$work/made-one"
	for f in $(find "$box/new" -type f | head -n 10); do
		"${as[@]}" mv "$f" "$box/cur/${f##*/}:2,RS"
	done
	is "$([ -S "$state/.s.PGSQL.5432" ] && echo up)" '' 'with the cluster stopped'
	start=$(milliseconds)
	ingest "$box"
	took=$(($(milliseconds) - start))
	is "$status $(totals mails imported)" '0 1 1' 'one new mail, ten with other flags'
	diag "a run over $known known mails took $took ms, cluster start and stop included"
done
done_testing
