#!/bin/bash
# Standard input: what an MTA pipes in has its intake row or stays in the MTA's queue; nothing bounces.
# timeout: 120
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

use_state piped
report reporter.example 'id 1' example.org 1795132800 1795219199 '192.0.2.1 7' >"$work/r.xml"
gzip -nc "$work/r.xml" >"$work/r.xml.gz"
mail "$work/r.xml.gz" >"$work/mail"
separator='From bounces@reporter.example Wed Nov 15 02:00:00 2023'
{ echo "$separator"; cat "$work/mail"; } >"$work/one"
{ cat "$work/one"; echo; cat "$work/one"; } >"$work/two"
head -c 150 "$work/r.xml.gz" >"$work/cut.xml.gz"
mail "$work/cut.xml.gz" >"$work/cut"
mkfifo -m 666 "$work/slow"
chmod a+r "$work"/*

# ingest - with stdin as it is: the status, and how many lines were said.
deliver()
{
	(cd / && umask 077 && timeout 60 "${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" "$@" -) \
		>"$work/out" 2>"$work/err"
	said="$? $(wc -c <"$work/out") $(wc -l <"$work/err")"
}
rows()
{
	sql "SELECT coalesce(string_agg(outcome || ' ' || n, ', ' ORDER BY outcome::text), '')
		FROM (SELECT outcome, count(*) AS n FROM ruastat.intake WHERE source = 'stdin' GROUP BY 1) AS o"
}

deliver <"$work/mail"
hold_up
is "$said" '0 0 0' 'a mail'
deliver <"$work/one"
is "$said" '0 0 0' 'a mail behind a From_ line'
deliver <"$work/two"
is "$said" '0 0 0' 'an mbox'
for file in r.xml r.xml.gz; do
	deliver <"$work/$file"
	is "$said" '0 0 0' "a bare report: $file"
done
is "$(rows)" 'duplicate 5, imported 1' 'each mail has its row'
deliver <"$work/cut"
is "$said" '0 0 0' 'one that nobody can read has its row as well, and is not sent back'
echo words | deliver
is "$said" '0 0 0' 'nor is what is no mail at all'
is "$(rows)" 'corrupt 1, duplicate 5, imported 1, not_a_report 1' 'both have their rows'
is "$(sql 'SELECT count(*) FROM ruastat_data.seen')" 0 'no delivery is known to another'

# As an MTA starts it: no environment, descriptors closed, whoever listens gone, small files only.
for how in '' 'exec 2>&-;' 'exec >&- 2>&-;' 'trap "" PIPE; ulimit -S -f 1; ulimit -n 64;'; do
	# shellcheck disable=SC2086 # two words or none
	"${as[@]}" env -i bash -c "cd /; umask 077; $how exec $work/ruastat ingest --no-config --state-dir $state -" \
		<"$work/mail" >"$work/out" 2>"$work/err"
	is "$? $(cat "$work/out" "$work/err" | wc -c)" '0 0' "like this: ${how:-no environment}"
done
# shellcheck disable=SC2016 # the inner shell's
"${as[@]}" bash -c '"$@" ingest --no-config --state-dir /proc/none - 2> >(:) </dev/null; exit $?' - "$work/ruastat"
is $? 75 'whoever reads the words is gone'
head -c 3000000 /dev/zero | tr '\0' x >"$work/large"
"${as[@]}" bash -c "ulimit -f 1024; exec $work/ruastat ingest --no-config --state-dir $state -" \
	<"$work/large" >"$work/out" 2>"$work/err"
is "$? $(grep -c "could not keep a mail in \"$state/tmp\": File too large" "$work/err")" '75 1' 'a file that may not grow'
deliver <"$work/large"
is "$said $(find "$state/tmp" -type f | wc -l)" '0 0 0 0' 'a large one leaves nothing behind'

# Trouble: one line, status 75.
trouble()
{
	is "$said" '75 0 1' "$1"
	[ -z "${2:-}" ] || grep -q "$2" "$work/err"
	result $? "${2:-and a line}"
}
deliver </dev/null
trouble 'nothing at all' 'nothing came on standard input'
deliver <&-
trouble 'a closed standard input' 'could not read standard input'
deliver --bogus <"$work/mail"
trouble 'a wrong option' '"--bogus" is no option'
deliver "$work/mail" <"$work/mail"
trouble 'another source besides' 'goes with no other source'
deliver --watch <"$work/mail"
trouble 'watching' 'goes with no other source and not with --watch'
deliver --after delete <"$work/mail"
trouble 'an after-action' 'standard input is only ever read'
"${as[@]}" "$work/ruastat" ingest --config "$work/missing.conf" --state-dir "$state" - <"$work/mail" >"$work/out" 2>"$work/err"
said="$? $(wc -c <"$work/out") $(wc -l <"$work/err")"
trouble 'no configuration where one is named'
deliver --database 'host=/nowhere dbname=none connect_timeout=1' <"$work/mail"
trouble 'a database that is away'
state=/proc/none deliver <"$work/mail"
trouble 'no state directory' 'could not make the state directory'
before=$(rows)
"${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" - <"$work/slow" >"$work/out" 2>"$work/err" &
reader=$!
exec {slow}>"$work/slow"
head -c 100 "$work/mail" >&$slow
sleep 0.5
kill -TERM $reader
wait $reader
said="$? $(wc -c <"$work/out") $(wc -l <"$work/err")"
exec {slow}>&-
trouble 'SIGTERM while the mail comes' 'interrupted'
is "$(rows)" "$before" 'what is not whole has no row'

# Many at once, each its row.
before=$(sql "SELECT count(*) FROM ruastat.intake WHERE source = 'stdin'")
pids=()
for ((i = 0; i < 20; i++)); do
	"${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" - <"$work/mail" >>"$work/many" 2>&1 &
	pids+=($!)
done
bad=0
for pid in "${pids[@]}"; do
	wait "$pid" || bad=$((bad + 1))
done
is "$bad $(wc -c <"$work/many") $(($(sql "SELECT count(*) FROM ruastat.intake WHERE source = 'stdin'") - before))" \
	'0 0 20' '20 at once'
reports_are '1|1|7' 'the report counts once'
verifies

# parse - in a pipe.
for file in mail one r.xml r.xml.gz; do
	"${as[@]}" "$work/ruastat" parse --no-config --json - <"$work/$file" 2>"$work/err" >"$work/out"
	is "$? $(jq -r '[.file, .outcome, .report.report_id] | join(" ")' "$work/out")" '0 - report id 1' "parse - of $file"
done
"${as[@]}" "$work/ruastat" parse --no-config - <"$work/two" >"$work/out"
is "$? $(grep -c 'id id 1: 1 record' "$work/out")" '0 2' 'parse - of an mbox'
"${as[@]}" "$work/ruastat" parse --no-config - <"$work/cut" >"$work/out"
is "$? $(grep -c 'corrupt' "$work/out")" '2 1' 'parse - of what cannot be read'
done_testing
