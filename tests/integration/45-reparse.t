#!/bin/bash
# "ruastat reparse": what an older parser stored otherwise is found, named and made as if it had been read
# today, to the last row; whatever interrupts it, and beside a running import.
# timeout: 180
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

use_state state
begin=1760832000 # 2025-10-19 00:00
end=1760918399

# All that is kept of reports, but for the names of domains and reporters, of which some may be left over.
picture()
{
	sql "SELECT 'report', t FROM ruastat_data.report t ORDER BY domain_id, day, report_key" \
		"SELECT 'block', domain_id, day, report_key, first_n, days, md5(t::text) FROM ruastat_data.record_block t
			ORDER BY 2, 3, 4, 5" \
		"SELECT 'aside', domain_id, day, report_key, first_n, days, md5(t::text)
			FROM ruastat_data.record_block_aside t ORDER BY 2, 3, 4, 5" \
		"SELECT 'day', t FROM ruastat_data.domain_day t ORDER BY domain_id, day" \
		"SELECT 'original', domain_id, day, report_key, md5(bytes) FROM ruastat_data.original ORDER BY 2, 3, 4" \
		"SELECT 'intake', md5(t::text), intake_id, outcome FROM ruastat_data.intake t ORDER BY 3" \
		"SELECT 'part', t FROM ruastat_data.intake_part t ORDER BY intake_id, n" >"$1"
}

# The key of the report with the id ${1}.
key()
{
	sql "SELECT report_key FROM ruastat_data.report WHERE report_id = '$1' ORDER BY messages DESC LIMIT 1"
}

# Change what is stored of report ${1} by ${2}, an UPDATE's SET of its row, and ${3}, of its blocks,
# sums and all: as a parser would have stored it that read it so.
misread()
{
	sql "SELECT older.misread('$(key "$1")', \$\$${2:-records = records}\$\$, \$\$${3:-first_n = first_n}\$\$)" \
		>"$work/out" || diag "$(cat "$work/out")"
}

# Store report ${1} under the domain, day, key and number of days ${2}, SQL over its row.
misfile()
{
	sql "SELECT older.misfile(domain_id, day, report_key, $2) FROM ruastat_data.report
		WHERE report_key = '$(key "$1")'" >"$work/out" || diag "$(cat "$work/out")"
}

# All of it has other keys, as when what is hashed had changed.
misfile_all()
{
	local name

	for name in report record_block record_block_aside original intake_part; do
		sql "UPDATE ruastat_data.$name SET report_key = md5(report_key::text)::uuid
			WHERE report_key IS NOT NULL" >"$work/out" || diag "$(cat "$work/out")"
	done
	sql "UPDATE ruastat_data.report SET records_hash = sha256(records_hash)" >"$work/out"
}

# reparse says that it read ${1}, changed ${2} and could not read ${3}.
says()
{
	is "$status $(tail -n 1 "$work/out" | jq -r '"\(.reports) \(.changed) \(.unread)"')" "$1" "$2"
}

# What it named, sorted: report_id and what is different.
named()
{
	jq -r 'select(.report_key and .changed != "unread") | "\(.report_id): \(.changed)"' "$work/out" | sort
}

# A mailbox, and reports whose reading is a matter of several mails.
mailgen --story bench --reports 500 --duplicates 40 --noise 10 --big 2500 "$work/mail" >"$work/made" 2>"$work/err"
new_dir "$work/in"
write()
{
	report reporter.example "$2" one.example "$3" "$4" "${@:5}" | put "$work/in/$1.xml"
}
for name in quirks values records count derived digest day domain days refused odd; do
	write $name $name $begin $end "192.0.2.1 5" "192.0.2.2 3 one.example reject fail"
done
write long long $begin $((begin + 5 * 86400)) "192.0.2.1 50" "192.0.2.3 7"
write null null $begin $end
write rival-1 rival $begin $end "192.0.2.1 5" "192.0.2.2 3"
write rival-2 rival $begin $end "192.0.2.1 6" "192.0.2.2 4"
write rival-3 rival $begin $end "192.0.2.9 1"
ingest "$work/mail" "$work/in"
is "$status $(totals reports conflict)" '0 516 1' 'a mailbox, one report of 2500 records, and sixteen by hand'
mail "$work/in/digest.xml" "$work/in/day.xml" "$work/in/day.xml" | put "$work/again.eml"
ingest "$work/again.eml" "$work/in/rival-1.xml"
hold_up

sql "CREATE SCHEMA older" \
	"CREATE FUNCTION older.misread(of_key uuid, of_report text, of_blocks text) RETURNS void LANGUAGE plpgsql AS \$\$
	DECLARE r record;
	BEGIN
		SELECT * INTO STRICT r FROM ruastat_data.report WHERE report_key = of_key;
		PERFORM ruastat_data.add_report(r.domain_id, r.day, of_key, -1);
		EXECUTE format('UPDATE ruastat_data.record_block SET %s WHERE report_key = %L', of_blocks, of_key);
		EXECUTE format('UPDATE ruastat_data.report SET %s WHERE report_key = %L', of_report, of_key);
		UPDATE ruastat_data.report SET (records_checked, records_disagreeing, messages_checked, messages_disagreeing) = (
			SELECT count(*) FILTER (WHERE agrees IS NOT NULL), count(*) FILTER (WHERE NOT agrees),
				coalesce(sum(c.messages) FILTER (WHERE agrees IS NOT NULL), 0),
				coalesce(sum(c.messages) FILTER (WHERE NOT agrees), 0)
			FROM (SELECT messages, CASE
					WHEN dkim_aligned <> dkim_recomputed OR spf_aligned <> spf_recomputed THEN false
					WHEN dkim_aligned = dkim_recomputed OR spf_aligned = spf_recomputed THEN true END AS agrees
				FROM ruastat_data.record_claim WHERE report_key = of_key) c)
		WHERE report_key = of_key AND counted;
		PERFORM ruastat_data.add_report(r.domain_id, r.day, of_key, 1);
	END \$\$" \
	"CREATE FUNCTION older.misfile(of_domain bigint, of_day date, of_report uuid, to_domain bigint, to_day date,
		to_report uuid, to_days smallint) RETURNS void LANGUAGE plpgsql AS \$\$
	DECLARE name text;
	BEGIN
		PERFORM ruastat_data.add_report(of_domain, of_day, of_report, -1);
		FOREACH name IN ARRAY '{report,record_block,record_block_aside,original,intake_part}'::text[] LOOP
			EXECUTE format('UPDATE ruastat_data.%I SET domain_id = %L, day = %L, report_key = %L
				WHERE domain_id = %L AND day = %L AND report_key = %L', name, to_domain, to_day, to_report,
				of_domain, of_day, of_report);
			CONTINUE WHEN name IN ('original', 'intake_part');
			EXECUTE format('UPDATE ruastat_data.%I SET days = %L WHERE domain_id = %L AND day = %L
				AND report_key = %L', name, to_days, to_domain, to_day, to_report);
		END LOOP;
		PERFORM ruastat_data.add_report(to_domain, to_day, to_report, 1);
	END \$\$" \
	"INSERT INTO ruastat_data.domain VALUES (42, 'wrong.example')" >"$work/out"
result $? 'what makes up an older parser'
picture "$work/whole"
is "$(wc -l <"$work/whole")" "$(grep -c '^[a-z]*|' "$work/whole")" 'a picture of all there is'

# Nothing to do.
ruastat reparse
is "$status $(cat "$work/out" "$work/err")" '0 ' 'nothing differs, and cron hears nothing'
ruastat reparse --json
says '0 517 0 0' 'each original was read'
picture "$work/now"
same "$work/whole" "$work/now" 'and nothing was touched'

# One of each kind.
misread quirks "quirks = '{\"(shape,old)\"}'"
misread values "org_name = NULL, pct = '7', p = 'reject'"
misread records "records_hash = sha256('records')" "dkim_aligned = '{fail,fail}', dkim_authenticated = '{f,f}'"
misread count "records_hash = sha256('count'), messages = 12" "messages = '{5,7}'"
misread derived '' "spf_authenticated = '{t,t}'"
misread digest "records_hash = sha256('digest')"
misfile digest "domain_id, day, md5('digest')::uuid, days"
misread day "identity_key = md5('day')::uuid, begin_at = begin_at - interval '2 days', end_at = end_at - interval '2 days'"
misfile day "domain_id, day - 2, md5('other day')::uuid, days"
misread domain "identity_key = md5('domain')::uuid"
misfile domain "42, day, md5('other domain')::uuid, days"
misfile days "domain_id, day, report_key, 0::smallint"
misfile long "domain_id, day, report_key, 1::smallint"
misread null "identity_key = md5('null')::uuid"
misread rival "records_hash = sha256('rival'), records = 1, messages = 2" \
	"source_ip = '{192.0.2.1}', messages = '{2}', disposition = '{none}', dkim_aligned = '{pass}',
	spf_aligned = '{pass}', dkim_authenticated = '{t}', spf_authenticated = '{f}', outcome = '{1}'"
sql "SELECT ruastat_data.settle_identity(domain_id, day, identity_key) FROM ruastat_data.report
	WHERE report_id = 'rival' LIMIT 1" >"$work/out"
: >"$work/out"
verifies 'misread, but in order'
picture "$work/misread"
ruastat reparse --dry-run --json
says '0 517 12 0' 'a dry run says how many would change'
named >"$work/named"
cat >"$work/wanted" <<-END
	count: records
	day: identity values
	days: identity
	derived: derived
	digest: digest
	domain: identity
	long: identity
	null: identity
	quirks: quirks
	records: records
	rival: records
	values: values
END
cp "$work/named" "$work/out"
same "$work/wanted" "$work/named" 'and which, and in what'
picture "$work/now"
same "$work/misread" "$work/now" 'and changes nothing'
ruastat reparse --dry-run
cp "$work/out" "$work/lines"
is "$(grep -c ': ' "$work/lines") $(grep ' count ' "$work/lines")" \
	'13 one.example reporter.example count 2025-10-19: records, messages 12, now 8' 'in words too'
ruastat reparse --dry-run --json --domain One.Example. --from 2025-10-19 --to 2025-10-19
is "$status $(named | cut -d : -f 1 | tr '\n' ' ')" \
	'0 count days derived digest null quirks records rival values ' 'of a domain and a day alone'
ruastat reparse --dry-run --json --domain nowhere.example
says '0 0 0 0' 'of a domain that is not known nothing'
ruastat reparse --from yesterdays
is "$status" 1 'a day that is none is refused'
ruastat reparse everything
is "$status" 1 'and so is an argument'
ruastat reparse
is "$status $(wc -l <"$work/out")" '0 1' 'it changes them, in a line of words'
verifies 'all sums are right'
picture "$work/now"
same "$work/whole" "$work/now" 'all is as if read today'
ruastat reparse --json
says '0 517 0 0' 'a second run finds nothing to change'

# What cannot be read or stored now stays as it was; the rest is changed.
sql "UPDATE ruastat_data.original SET bytes = 'no report at all' WHERE report_key = '$(key odd)'" \
	"UPDATE ruastat_data.report SET error = 'old' WHERE report_id IN ('odd', 'refused', 'quirks', 'count')" \
	"ALTER TABLE ruastat_data.report ADD CONSTRAINT odd CHECK (report_id <> 'refused' OR error IS NOT NULL) NOT VALID" \
	>"$work/out"
ruastat reparse --json
says '2 517 2 2' 'one that is no report any more and one that the database refuses'
is "$(named | tr '\n' ' ')" 'count: values quirks: values ' 'the others are changed'
is "$(jq -r 'select(.changed == "unread") | .reason' "$work/out" | cut -c 1-40 | sort | tr '\n' '|')" \
	'it holds no report|the database refused it: new row for rel|' 'the reasons are told'
is "$(grep -c 'stays as it is' "$work/err")" 2 'and warned of'
is "$(sql "SELECT report_id, error FROM ruastat_data.report WHERE error IS NOT NULL ORDER BY 1" | tr '\n' ' ')" \
	'odd|old refused|old ' 'they stay as they were'
sql "ALTER TABLE ruastat_data.report DROP CONSTRAINT odd" \
	"UPDATE ruastat_data.report SET error = NULL WHERE report_id = 'odd'" \
	"UPDATE ruastat_data.original o SET bytes = '\x$(gzip -nc "$work/in/odd.xml" | od -An -v -tx1 | tr -d ' \n')'
		WHERE report_key = '$(key odd)'" >"$work/out"
ruastat reparse
grep -v '^original' "$work/whole" >"$work/wanted"
picture "$work/now"
grep -v '^original' "$work/now" >"$work/out"
same "$work/wanted" "$work/out" 'and are changed once that is possible'
picture "$work/whole"

# A report that came again after its parser was renewed.
misread count "records_hash = sha256('count')"
misfile count "domain_id, day, md5('count')::uuid, days"
report reporter.example count one.example $begin $end '192.0.2.2 3 one.example reject fail' '192.0.2.1 5' |
	put "$work/in/count-again.xml"
ingest "$work/in/count-again.xml"
is "$(totals duplicate reports)" '0 1' 'what the older parser read is another revision'
ruastat reparse
verifies 'the two are one again'
is "$(sql "SELECT count(*), bool_and(counted), sum(messages) FROM ruastat_data.report WHERE report_id = 'count'" \
	"SELECT p.outcome, p.reason FROM ruastat_data.intake_part p JOIN ruastat_data.report r USING (report_key)
		WHERE report_id = 'count' ORDER BY p.intake_id" \
	"SELECT outcome FROM ruastat_data.intake i WHERE name LIKE '%count.xml' OR name LIKE '%count-again.xml'
		ORDER BY intake_id" | tr '\n' ' ')" \
	'1|t|8 duplicate|this report is stored already imported| duplicate imported ' 'which is stored once'

# Let the holder's session run SQL, and wait until it did.
hold()
{
	echo "$1" >&$hold_fd
	echo "SELECT 'held $((++holds))';" >&$hold_fd
	until_true grep -q "held $holds\$" "$work/held"
}

# Whether as many sessions ${1} wait for a lock.
waiting()
{
	[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")" = "$1" ]
}

holds=0
start()
{
	"${as[@]}" "$work/ruastat" reparse --no-config --state-dir "$state" >"$work/out" 2>"$work/err" &
	victim=$!
	until_true waiting 1
	result $? "$1"
}

# All has other keys; whatever ends the run, the next one ends with all as it should be.
picture "$work/whole"
misfile_all
: >"$work/out"
verifies 'all is filed otherwise, but in order'
is "$(sql 'SELECT count(*) FROM ruastat_data.report')" "$(grep -c ^report "$work/whole")" 'and all there'
sql 'SELECT report_key FROM ruastat_data.report ORDER BY 1' >"$work/keys"
changed()
{
	sql 'SELECT report_key FROM ruastat_data.report ORDER BY 1' | comm -13 "$work/keys" - | wc -l
}
last="(SELECT max(domain_id) FROM ruastat_data.report)"
hold "BEGIN; SELECT count(*) FROM (SELECT FROM ruastat_data.domain_day WHERE domain_id = $last FOR UPDATE) d;"
start 'it waits in the middle of a change'
ruastat reparse
is "$status $(grep -c 'another process is reparsing' "$work/err")" '75 1' 'a second one is sent away'
kill -KILL $victim
wait $victim 2>/dev/null
hold 'ROLLBACK;'
until_true waiting 0
n=$(changed)
[ "$n" -gt 0 ] && [ "$n" -lt 516 ]
result $? "killed, some reports have changed ($n), some not"
verifies 'and all is in order'
hold "BEGIN; SELECT pg_advisory_xact_lock(('x' || left(replace(identity_key::text, '-', ''), 16))::bit(64)::bigint)
	FROM ruastat_data.report WHERE domain_id = $last;"
start 'it waits for an identity'
kill -INT $victim
hold 'ROLLBACK;'
wait $victim 2>/dev/null
is "$? $(grep -c 'interrupted after' "$work/err")" '75 1' 'interrupted, it ends what it is at, and says so'
verifies 'and all is in order'
misfile_all
hold "BEGIN; SELECT count(*) FROM (SELECT FROM ruastat_data.domain_day WHERE domain_id = $last FOR UPDATE) d;"
start 'it waits in the middle of a change again'
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'" >"$work/ended"
hold 'ROLLBACK;'
wait $victim 2>/dev/null
is "$? $(cat "$work/err")" '0 ' 'its connection lost, it makes another and goes on'
picture "$work/now"
same "$work/whole" "$work/now" 'to the end, exactly'
ruastat reparse --json
says '0 517 0 0' 'after which there is nothing to change'

# Beside an import, of the same reports and others.
mailgen --story bench --seed 2 --reports 400 --facts "$work/facts-2" "$work/mail-2" >"$work/made" 2>"$work/err"
mailgen --story bench --reports 500 --big 2500 --facts "$work/facts" "$work/mail-3" >"$work/made" 2>"$work/err"
find "$work/mail-3" -type f | sort | sed 1,80d | xargs -d '\n' rm -f
misfile_all
"${as[@]}" "$work/ruastat" reparse --no-config --state-dir "$state" --json >"$work/beside" 2>&1 &
victim=$!
ingest "$work/mail-3" "$work/mail-2"
wait $victim
is "$? $status" '0 0' 'a run beside an import'
diag "changed and newly stored: $(tail -n 1 "$work/beside" | jq .changed) $(totals reports)"
ruastat reparse --json
diag "in the end: $(tail -n 1 "$work/out")"
verifies 'all sums are right'
cat "$work/facts" "$work/facts-2" >"$work/both" && told "$work/both" >"$work/wanted"
stored | grep -v '^one.example|' >"$work/now"
same "$work/wanted" "$work/now" 'each report is stored once, as it was told'
ruastat reparse --json
says '0 917 0 0' 'and as it is read today'

# What the name of a file told, and nothing in it.
report reporter.example by-name one.example $begin $end '192.0.2.1 5' |
	sed -E 's,<(org_name|email|begin|end)>[^<]*</[a-z_]*>,,g' >"$work/by-name.xml"
new_dir "$work/named-files"
for name in by-name.xml zipped.xml; do
	sed "s/by-name/${name%.xml}/" "$work/by-name.xml" >"$work/plain.xml"
	file="$work/named-files/said.example!one.example!$begin!$end!x"
	if [ $name = by-name.xml ]; then
		put "$file.xml" <"$work/plain.xml"
	else
		zip -qj - "$work/plain.xml" | put "$file.zip"
	fi
done
ingest "$work/named-files"
is "$status $(totals reports) $(sql "SELECT reporter, report_id, begin_at FROM ruastat.reports
	WHERE reporter = 'said.example' ORDER BY 2")" "0 2 said.example|by-name|2025-10-19 00:00:00+00
said.example|zipped|2025-10-19 00:00:00+00" 'files that are completed by their names'
ruastat reparse --json
says '0 919 0 0' 'are so again'
done_testing
