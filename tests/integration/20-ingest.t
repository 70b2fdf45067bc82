#!/bin/bash
# From mailboxes and files to exact rows, by the real program: numbers, sources, interruptions,
# many at once, the admin's own server, and what goes wrong outside of it.
# timeout: 240
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

box=$work/box
use_state main
mailgen --story demo --reports 2500 --facts "$work/facts" "$box" >"$work/made"
made()
{
	jq -r ".$1" "$work/made"
}

# Every figure of every report, in one form for both sides.
ingest "$box"
is "$status" 0 'a mailbox is read'
is "$(totals mails imported duplicate conflict null_report not_a_report corrupt unsupported too_big refused)" \
	"$(made mails) $(made reports) 0 0 0 0 0 0 0 0" 'every mail has one outcome'
is "$(totals reports records messages)" "$(made reports) $(made records) $(made messages)" \
	"as many as the generator made: $(totals reports records messages)"
is "$(jq -r 'keys_unsorted | join(" ")' "$work/out")" "mails imported duplicate conflict null_report\
 not_a_report corrupt unsupported too_big refused reports records messages seconds" 'the keys of --json'
is "$(cat "$work/err")" '' 'nothing is said on stderr'
hold_up
jq -cS . "$work/facts" | sort >"$work/want"
sql "SELECT json_build_object('org_name', t.org_name, 'report_id', t.report_id, 'domain', t.domain,
	'begin', extract(epoch FROM t.begin_at)::bigint, 'end', extract(epoch FROM t.end_at)::bigint,
	'records', count(r.n), 'messages', coalesce(sum(r.messages), 0),
	'messages_dmarc_pass', coalesce(sum(r.messages) FILTER (WHERE r.dmarc_pass), 0),
	'messages_dkim_aligned', coalesce(sum(r.messages) FILTER (WHERE r.dkim_aligned = 'pass'), 0),
	'messages_spf_aligned', coalesce(sum(r.messages) FILTER (WHERE r.spf_aligned = 'pass'), 0),
	'messages_none', coalesce(sum(r.messages) FILTER (WHERE r.disposition = 'none'), 0),
	'messages_quarantine', coalesce(sum(r.messages) FILTER (WHERE r.disposition = 'quarantine'), 0),
	'messages_reject', coalesce(sum(r.messages) FILTER (WHERE r.disposition = 'reject'), 0),
	'messages_pass', coalesce(sum(r.messages) FILTER (WHERE r.disposition = 'pass'), 0))
	FROM ruastat.reports t LEFT JOIN ruastat.records r ON r.report_key = t.report_key AND r.domain = t.domain
	GROUP BY t.report_key, t.org_name, t.report_id, t.domain, t.begin_at, t.end_at" |
	jq -cS . | sort >"$work/got"
same "$work/got" "$work/want" "each of $(wc -l <"$work/want") reports has the generator's figures"

sums='sum(messages), sum(messages_dmarc_pass), sum(messages_dkim_aligned), sum(messages_spf_aligned),
	sum(messages_unknown), sum(messages_none), sum(messages_quarantine), sum(messages_reject),
	sum(messages_dkim_authenticated), sum(messages_spf_authenticated)'
of_records="sum(messages) AS messages, coalesce(sum(messages) FILTER (WHERE dmarc_pass), 0),
	coalesce(sum(messages) FILTER (WHERE dkim_aligned = 'pass'), 0),
	coalesce(sum(messages) FILTER (WHERE spf_aligned = 'pass'), 0),
	coalesce(sum(messages) FILTER (WHERE dmarc_pass IS NULL), 0),
	coalesce(sum(messages) FILTER (WHERE disposition IN ('none', 'pass')), 0),
	coalesce(sum(messages) FILTER (WHERE disposition = 'quarantine'), 0),
	coalesce(sum(messages) FILTER (WHERE disposition = 'reject'), 0),
	coalesce(sum(messages) FILTER (WHERE dkim_authenticated), 0),
	coalesce(sum(messages) FILTER (WHERE spf_authenticated), 0)"
sql "SELECT domain, day, source_ip, $of_records FROM ruastat.records WHERE day IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3" >"$work/want"
sql "SELECT domain, day, source_ip, messages, messages_dmarc_pass, messages_dkim_aligned, messages_spf_aligned,
	messages_unknown, messages_none, messages_quarantine, messages_reject, messages_dkim_authenticated,
	messages_spf_authenticated FROM ruastat.sources_daily ORDER BY 1, 2, 3" >"$work/got"
same "$work/got" "$work/want" 'sources_daily is the sum of its records, in every row and column'
sql "SELECT domain, day, $sums FROM ruastat.sources_daily GROUP BY 1, 2 ORDER BY 1, 2" >"$work/want"
sql "SELECT domain, day, messages, messages_dmarc_pass, messages_dkim_aligned, messages_spf_aligned,
	messages_unknown, messages_none, messages_quarantine, messages_reject, messages_dkim_authenticated,
	messages_spf_authenticated FROM ruastat.domains_daily ORDER BY 1, 2" >"$work/got"
same "$work/got" "$work/want" 'domains_daily is the sum of sources_daily, in every row and column'
is "$(sql 'SELECT sum(messages) FROM ruastat.domains_daily')" "$(made messages)" 'and nothing of it is missing'
verifies
is "$(sql 'SELECT count(*), count(DISTINCT name) FROM ruastat.intake')" "$(made mails)|$(made mails)" \
	'one intake row for each mail'

ruastat ingest "$box"
is "$status $(cat "$work/out" "$work/err")" '0 ' 'a second run is silent'
ingest "$box"
is "$status $(totals mails reports)" '0 0 0' 'and finds nothing new'
# The same mails under other flags, as readers and servers leave them.
i=0
for f in "$box"/new/*; do
	"${as[@]}" mv "$f" "$box/cur/${f##*/}:2,RS"
	i=$((i + 1))
	[ $i -lt 50 ] || break
done
ingest "$box"
is "$status $(totals mails)" '0 0' 'nor when mails were read and flagged'
mailgen --add --seed 2 --story bench --reports 30 "$box" >"$work/made2"
ingest "$box"
is "$status $(totals mails reports messages)" \
	"0 30 30 $(jq .messages "$work/made2")" 'new mail only'
ruastat verify
is "$status $(cat "$work/out")" '0 ' 'verify is content, and silent without a terminal'
ruastat ingest --dry-run --json "$box"
is "$status $(totals mails)" '0 0' 'a dry run knows what is known'

# --dry-run changes nothing at all.
use_state dry
mailgen --story bench --reports 40 "$work/dry-box" >"$work/dry-made"
ingest --dry-run "$work/dry-box"
is "$status $(totals mails imported reports) $(totals messages)" "0 40 40 40 $(jq .messages "$work/dry-made")" \
	'a dry run on nothing tells what there is'
is "$(find "$state" -name data)" '' 'and makes no database'
ingest "$work/dry-box"
hold_up
mailgen --add --seed 2 --story bench --reports 10 "$work/dry-box" >"$work/dry-made"
rows()
{
	sql "SELECT c.relname, (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM ' || c.oid::regclass,
		false, true, '')))[1], (pg_stat_get_tuples_inserted(c.oid), pg_stat_get_tuples_updated(c.oid),
		pg_stat_get_tuples_deleted(c.oid)) FROM pg_class c
		WHERE relnamespace IN ('ruastat'::regnamespace, 'ruastat_data'::regnamespace) AND relkind = 'r' ORDER BY 1"
	find "$state" -path "$state/data" -prune -o -path "$state/log" -prune -o -printf '%y %m %s %T@ %p\n' | sort
}
rows >"$work/before"
picture "$work/dry-box" >"$work/before-box"
for action in keep seen delete 'move --move-to Done'; do
	# shellcheck disable=SC2086 # an action and its option
	ruastat ingest --dry-run --json --after $action --failures Bad "$work/dry-box"
	is "$status $(totals mails imported)" '0 10 10' "a dry run with --after $action"
done
rows >"$work/after"
picture "$work/dry-box" >"$work/after-box"
same "$work/after" "$work/before" 'changes no row and no file of the state directory'
same "$work/after-box" "$work/before-box" 'and nothing in the mailbox'

# One source, two at once.
use_state twice
"${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" --json "$box" \
	>"$work/first" 2>"$work/first.err" </dev/null &
first=$!
begun()
{
	[ "$(sql 'SELECT count(*) > 0 FROM ruastat.intake')" = t ]
}
until_true begun
ruastat ingest "$box"
still=$(kill -0 $first 2>/dev/null && echo works)
is "$status $(cat "$work/out" "$work/err")" '0 ' 'a second ingest of a source being read says nothing'
wait $first
is "$? $(cat "$work/first.err")" '0 ' 'and the first one ends well'
is "$still" works '(it was still at it)'
is "$(jq -r '"\(.mails) \(.reports)"' "$work/first")" "$(($(made mails) + 30)) $(($(made mails) + 30))" \
	'with all of it'

# Eight at once, on mailboxes that overlap: the totals of one.
use_state eight
mailgen --story bench --reports 700 --days 20 --domains 7 "$work/whole" >"$work/made8"
for i in {1..8}; do
	"${as[@]}" cp -al "$work/whole" "$work/part$i"
	find "$work/part$i" -type f | sort | awk -v i="$i" 'NR % 8 == i - 1' |
		"${as[@]}" xargs rm
done
pids=()
for i in {1..8}; do
	timeout 120 "${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" --json \
		"$work/part$i" >"$work/part$i.out" 2>"$work/part$i.err" </dev/null &
	pids+=($!)
done
statuses=''
for p in "${pids[@]}"; do
	wait "$p"
	statuses="$statuses $?"
done
is "$statuses $(cat "$work"/part?.err)" ' 0 0 0 0 0 0 0 0 ' 'eight at once on eight mailboxes'
is "$(cat "$work"/part?.out | jq -s -r '"\(map(.reports) | add) \(map(.records) | add) \(map(.messages) | add) \(map(.conflict) | add)"')" \
	"$(jq -r '"\(.reports) \(.records) \(.messages) 0"' "$work/made8")" 'together store each report once'
reports_are "$(jq -r '"\(.reports)|\(.records)|\(.messages)"' "$work/made8")" 'the totals of one'
verifies
is "$(grep -ciE 'deadlock|ERROR:' "$state/log/postgresql.log")" 0 'no deadlock, no error in the log of PostgreSQL'

# Ctrl-C goes to the program and its workers alike.
use_state interrupted
for signal in INT TERM; do
	rm -rf "${state:?}"
	setsid "${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" --json "$box" \
		>"$work/cut" 2>"$work/cut.err" </dev/null &
	first=$!
	until_true begun
	hold_up
	kill -$signal -- -$first
	{ wait $first; } 2>/dev/null
	is "$? $(grep -c interrupted "$work/cut.err")" '75 1' "SIG$signal in the middle"
	some=$(jq .mails "$work/cut")
	all=$(($(made mails) + 30))
	[ "$some" -gt 0 ] && [ "$some" -lt "$all" ]
	result $? "was in the middle: after $some of $all"
	is "$(sql 'SELECT count(*) FROM ruastat.intake')" "$some" 'what it told is what it stored'
	is "$(sql "SELECT count(*) FROM ruastat.intake WHERE outcome <> 'imported'")" 0 \
		'and no mail is blamed for it'
	ingest "$box"
	is "$status $(totals mails duplicate)" "0 $((all - some)) 0" 'the next run does the rest'
	reports_are "$(jq -s -r '"\(map(.reports) | add)|\(map(.records) | add)|\(map(.messages) | add)"' "$work/made" "$work/made2")" \
		'exactly'
	kill "${holders[-1]}"
	eval "exec $hold_fd>&-"
	wait "${holders[-1]}" 2>/dev/null
done

# Files and directories of them.
use_state of-files
mailgen --story bench --reports 60 --noise 5 --to files "$work/files" >"$work/made-files"
new_dir "$work/files/deep/.hidden"
for f in deep/.dot.xml .dot.xml deep/.hidden/x.xml deep/other.xml; do
	report reporter.example 'id 1' example.org 1795132800 1795219199 '192.0.2.1 7' |
		put "$work/files/$f"
done
"${as[@]}" ln -s other.xml "$work/files/deep/link.xml"
"${as[@]}" mkfifo "$work/files/deep/pipe"
echo 'no report' | put "$work/files/notes.txt"
: | put "$work/files/empty"
is "$(find "$work/files" -maxdepth 1 -name '[0-9]*' | sed 's/.*\.//' | sort -u | tr '\n' ' ')" \
	'eml gz xml zip ' 'files of all kinds'
ingest "$work/files"
is "$status $(totals mails reports not_a_report)" '0 68 61 7' 'a directory of files, dot-files left out'
is "$(sql "SELECT count(*), count(DISTINCT name), count(*) FILTER (WHERE name LIKE '%dot%' OR name LIKE '%hidden%') FROM ruastat.intake")" \
	'68|68|0' 'one intake row for each regular file'
ingest "$work/files"
is "$status $(totals mails)" '0 0' 'nothing of it is new'
"${as[@]}" touch "$work/files/deep/other.xml"
ingest "$work/files"
is "$status $(totals mails)" '0 0' 'a file with another date is known by its content'
for f in "$work/files/"[0-9]*.xml; do break; done
"${as[@]}" cp "$f" "$work/single-report"
ingest "$work/single-report"
is "$status $(totals mails duplicate)" '0 1 1' 'a single file, whose name says nothing'
"${as[@]}" ln -s "$work/single-report" "$work/link"
ingest "$work/link"
is "$status $(totals mails)" '0 0' 'a link to it is the same source'
# What is no report, and says so: the ledger has the reason, and nothing else of the mail.
new_dir "$work/other"
for f in bounce-with-report auto-reply error-report human; do
	put "$work/other/$f.eml" <"tests/corpus/other/$f.eml"
done
put "$work/other/mails.zip" <tests/corpus/forms/mails-in-zip.zip
ingest "$work/other"
is "$status $(totals mails not_a_report corrupt reports)" '2 5 4 1 1' 'no report is no failure, a damaged one is'
is "$(sql "SELECT i.name, i.outcome, coalesce(p.outcome::text, '-'), left(p.reason, 19), d.header IS NULL
	FROM ruastat.intake i JOIN ruastat_data.intake d USING (intake_id) LEFT JOIN ruastat.intake_parts p USING (intake_id)
	WHERE i.name ~ '^(bounce|auto|error|human)' ORDER BY 1")" \
	"auto-reply.eml|not_a_report|not_a_report|an automatic reply|t
bounce-with-report.eml|not_a_report|not_a_report|a bounce (delivery |t
error-report.eml|not_a_report|not_a_report|an error report (RF|t
human.eml|not_a_report|-||t" 'a reason where there is one'
ingest "$work/files" "$work/box" "$work/files"
is "$status $(totals mails)" "0 $all" 'several sources'
verifies

# Sources that cannot be read.
ingest "$work/nowhere"
is "$status" 1 'no such source'
grep -q "$work/nowhere.*no such" "$work/err"
result $? 'is named'
ingest "$work/nowhere" "$work/part1"
is "$status $(totals mails)" "1 $(find "$work/part1" -type f | wc -l)" 'the others are read all the same'
ingest "$work/part2" "$work/nowhere"
is "$status $(totals mails)" "1 $(find "$work/part2" -type f | wc -l)" 'whatever the order'
ruastat ingest
is "$status $(cat "$work/out")" '1 ' 'no source at all'
maildir "$work/closed"
"${as[@]}" chmod 0 "$work/closed"
ingest "$work/closed"
[ $status -eq 75 ] && grep -q "$work/closed.*Permission denied.*$user" "$work/err"
result $? 'a mailbox that may not be read is named, and who tried'
"${as[@]}" chmod 700 "$work/closed"
"${as[@]}" chmod 0 "$work/closed/new"
ingest "$work/closed"
[ $status -eq 75 ] && grep -q "$work/closed.*Permission denied" "$work/err"
result $? 'also when it is only new/'
"${as[@]}" chmod 700 "$work/closed/new"
"${as[@]}" cp "$work/single-report" "$work/closed/new/1.M1P1.host"
"${as[@]}" chmod 0 "$work/closed/new/1.M1P1.host"
ingest "$work/closed"
grep -q "$work/closed/new/1.M1P1.host.*Permission denied" "$work/err"
result $? 'also when it is one mail'
is "$status $(totals mails)" '75 0' 'which is not forgotten'
"${as[@]}" chmod 600 "$work/closed/new/1.M1P1.host"
ingest "$work/closed"
is "$status $(totals mails)" '0 1' 'and read when it can be'

# The state directory.
new_dir "$work/shut"
"${as[@]}" chmod 555 "$work/shut"
state=$work/shut/state ingest "$work/part1"
[ $status -eq 1 ] && grep -q "$work/shut/state.*Permission denied" "$work/err"
result $? 'a state directory that cannot be made'
state=$work/shut ingest "$work/part1"
[ $status -eq 1 ] && grep -q "$work/shut\".*Permission denied" "$work/err"
result $? 'or not be written'
state=$work/single-report ingest "$work/part1"
[ $status -eq 1 ] && grep -q 'no directory\|Not a directory' "$work/err"
result $? 'or is a file'

# A server of the admin's, and a role that owns nothing but its database.
bin=$(find /usr/lib/postgresql/*/bin -maxdepth 0 | sort -V | tail -n 1)
new_dir "$work/admin"
echo secret | put "$work/admin/pw"
"${as[@]}" env -C "$work" "$bin/initdb" -D "$work/admin/data" -U boss -A scram-sha-256 --pwfile="$work/admin/pw" \
	--no-locale -E UTF8 -N >"$work/out" 2>&1 &&
	"${as[@]}" env -C "$work" "$bin/pg_ctl" -D "$work/admin/data" -l "$work/admin/log" -s -w -t 60 -o \
		"-k '$work/admin' -c listen_addresses='' -c fsync=off -c max_connections=20" start
result $? 'a server of the admin'
as_boss()
{
	PGPASSWORD=secret "${as[@]}" env -C "$work" "$bin/psql" -XqAt -h "$work/admin" -U boss -d "${db:-postgres}" \
		-v ON_ERROR_STOP=1 "${@/#/-c}"
}
as_boss "CREATE ROLE mail LOGIN PASSWORD 'mail word'" 'CREATE DATABASE dmarc OWNER mail' \
	"CREATE DATABASE latin OWNER mail ENCODING 'LATIN1' TEMPLATE template0" >"$work/out" 2>&1
result $? 'with a role for ruastat'
use_state elsewhere
info="host=$work/admin dbname=dmarc user=mail password='mail word'"
ingest --database "$info" "$work/files"
is "$status $(totals mails reports)" '0 68 61' 'is used with --database'
is "$(db=dmarc as_boss 'SELECT count(*) FROM ruastat.reports')" 61 'it has the reports'
ruastat verify --database "$info"
result $? 'verify there'
[ ! -e "$state/data" ]
result $? 'no private cluster was made'
ingest --database "$info" "$work/files"
is "$status $(totals mails)" '0 0' 'nothing new there'
printf 'database = "%s"\nstate_dir = "%s"\n' "$info" "$state" | put "$work/conf"
"${as[@]}" "$work/ruastat" domains --config "$work/conf" --csv >"$work/out" 2>"$work/err"
is "$? $(($(wc -l <"$work/out") > 1))" '0 1' 'database in the configuration'
ingest --database "host=$work/admin dbname=dmarc user=mail password=wrong" "$work/files"
is "$((status == 1 || status == 75)) $(grep -c 'password authentication failed' "$work/err")" '1 1' 'a wrong password'
ingest --database "host=$work/admin dbname=dmarc user=mail" "$work/files"
[ $status -eq 1 ] && grep -q 'no password supplied' "$work/err"
result $? 'no password'
ingest --database "host=$work/admin dbname=nothing user=mail password='mail word'" "$work/files"
is "$((status == 1 || status == 75)) $(grep -c 'database "nothing" does not exist' "$work/err")" '1 1' \
	'a database that is not there'
ingest --database "host=$work/admin dbname=latin user=mail password='mail word'" "$work/files"
[ $status -eq 1 ] && grep -q 'UTF8 is needed' "$work/err"
result $? 'a database in another encoding'
ingest --database 'host=/nonexistent dbname=x' "$work/files"
[ $status -eq 75 ] && grep -q '/nonexistent' "$work/err"
result $? 'a server that is not there'
ingest --database 'nonsense' "$work/files"
[ $status -eq 1 ] && grep -q 'connection string' "$work/err"
result $? 'a connection string that is none'
is "$(grep -c 'mail word' "$work/err")" 0 'no password is ever printed'
new_dir "$work/http"
"${as[@]}" perl -MIO::Socket::UNIX -e '
	my $s = IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 5) or die $!;
	while (my $c = $s->accept) { print $c "HTTP/1.0 400 Bad Request\r\n\r\n"; close $c }' \
	"$work/http/.s.PGSQL.5432" &
servers+=($!)
until_true test -S "$work/http/.s.PGSQL.5432"
ingest --database "host=$work/http dbname=x" "$work/files"
is "$((status == 1 || status == 75)) $(grep -c 'could not connect' "$work/err")" '1 1' 'something that is no PostgreSQL'
db=dmarc as_boss 'ALTER ROLE mail CONNECTION LIMIT 2'
mailgen --story bench --reports 20 --seed 9 "$work/late" >"$work/made-late"
"${as[@]}" env -C "$work" "$bin/pg_ctl" -D "$work/admin/data" -s -m immediate stop
ingest --database "$info" "$work/late"
is "$status" 75 'a server that is down: later'
done_testing
