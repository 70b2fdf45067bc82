#!/bin/bash
# Own domains, and "ruastat retry": mails that held something that could not be stored are tried again, and
# all is as if they had been read for the first time, whatever interrupts it.
# timeout: 180
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

use_state state
begin=1760832000 # 2025-10-19 00:00
end=1760918399

# ruastat VERB ... with the configuration ${1}.
with()
{
	local conf=$1

	shift
	timeout 60 "${as[@]}" "$work/ruastat" "$1" --config "$work/$conf" --state-dir "$state" "${@:2}" \
		>"$work/out" 2>"$work/err"
	status=$?
}

# Every view of reports and mails, but for numbers and times of mails, into the file ${1}.
picture()
{
	local view columns

	while IFS='|' read -r view columns; do
		echo "SELECT '$view', $columns FROM ruastat.$view;"
	done < <(sql "SELECT table_name, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
		FROM information_schema.columns
		WHERE table_schema = 'ruastat' AND table_name <> 'mailboxes' AND column_name NOT IN ('intake_id', 'read_at', 'imported_at')
		GROUP BY 1 ORDER BY 1") >"$work/views.sql"
	chmod 644 "$work/views.sql"
	timeout 60 "${as[@]}" "$work/ruastat" psql --no-config --state-dir "$state" -- -XqAt -v ON_ERROR_STOP=1 \
		-f "$work/views.sql" >"$1" 2>&1
}

# All rows of the ledger and of what is stored, as they lie there.
rows()
{
	local table

	for table in intake intake_part kept seen report original record_block record_block_aside domain_day tls_report \
		domain reporter; do
		sql "SELECT '$table', md5(t::text) FROM ruastat_data.$table t ORDER BY 2"
	done >"$1"
}

forget()
{
	sql 'TRUNCATE ruastat_data.seen, ruastat_data.intake, ruastat_data.intake_part, ruastat_data.kept,
		ruastat_data.report, ruastat_data.original, ruastat_data.record_block, ruastat_data.record_block_aside,
		ruastat_data.domain_day, ruastat_data.tls_report, ruastat_data.tls_policy, ruastat_data.tls_failure,
		ruastat_data.failure' \
		>"$work/out"
}

# What became of the mail whose name ends in ${1}: its outcome, those of its parts, whether it is kept.
fate()
{
	sql "SELECT outcome, (SELECT string_agg(p.outcome::text, ',' ORDER BY n) FROM ruastat.intake_parts p
			WHERE p.intake_id = i.intake_id), kept
		FROM ruastat.intake i WHERE name ~ '$1(:2,S)?\$' ORDER BY intake_id DESC LIMIT 1"
}

id_of()
{
	sql "SELECT max(intake_id) FROM ruastat.intake WHERE name ~ '$1(:2,S)?\$'"
}

# An SMTP TLS report as a mail: domain, id, sessions.
tls()
{
	printf '{"organization-name":"Org Inc.","date-range":{"start-datetime":"2025-10-19T00:00:00Z",
		"end-datetime":"2025-10-19T23:59:59Z"},"contact-info":"smtp@org.example","report-id":"%s","policies":[
		{"policy":{"policy-type":"sts","policy-string":["version: STSv1"],"policy-domain":"%s"},
		"summary":{"total-successful-session-count":%s,"total-failure-session-count":1}}]}' "$2" "$1" "$3" |
		gzip -n >"$work/tls.json.gz"
	sed "s/@@/$1/" <<-END
	From: smtp@org.example
	To: tls@@@
	Subject: Report Domain: @@ Submitter: org.example Report-ID: <$2@org.example>
	TLS-Report-Domain: @@
	TLS-Report-Submitter: org.example
	MIME-Version: 1.0
	Content-Type: multipart/report; report-type="tlsrpt"; boundary="=_b"

	--=_b
	Content-Type: text/plain

	An aggregate TLS report.
	--=_b
	Content-Type: application/tlsrpt+gzip
	Content-Transfer-Encoding: base64
	Content-Disposition: attachment; filename="org.example!@@!1!2.json.gz"

	$(base64 "$work/tls.json.gz")
	--=_b--
	END
}

# A failure report about a mail of domain ${1}.
failure()
{
	cat <<-END
	From: reports@org.example
	To: ruf@$1
	Subject: FW: a mail
	MIME-Version: 1.0
	Content-Type: multipart/report; report-type=feedback-report; boundary="=_b"

	--=_b
	Content-Type: text/plain

	A message failed.
	--=_b
	Content-Type: message/feedback-report

	Feedback-Type: auth-failure
	User-Agent: Reporter/1
	Version: 1
	Auth-Failure: dmarc
	Reported-Domain: $1
	Arrival-Date: Sun, 19 Oct 2025 12:00:00 +0000
	Source-IP: 192.0.2.1

	--=_b
	Content-Type: text/rfc822-headers

	From: ada@$1
	Subject: hello

	--=_b--
	END
}

conf()
{
	printf 'domains = {%s}\n' "$2" | put "$work/$1"
}

# Mails for own domains and others: aggregate reports of all shapes, TLS and failure reports.
maildir "$work/box"
mailgen --story bench --reports 90 --domains 6 --facts "$work/facts" "$work/made-box" >"$work/made"
find "$work/made-box" -type f -path '*/cur/*' -exec "${as[@]}" cp -t "$work/box/cur" {} +
find "$work/made-box" -type f -path '*/new/*' -exec "${as[@]}" cp -t "$work/box/new" {} +
own=$(jq -r .domain "$work/facts" | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
arrives()
{
	put "$work/box/new/1795100011.M1.$1"
}
# What ${1} is of: ${2}, then as report has it.
write()
{
	report reporter.example "$1" "$2" "${@:3}" | put "$work/$1.xml"
}
write own-one "$own" $begin $end '192.0.2.1 5'
write other-one other.example $begin $end '192.0.2.1 5'
write own-two "$own" $begin $end '192.0.2.2 5'
write twice other.example $begin $end '192.0.2.2 6'
write long other.example $begin $((begin + 5 * 86400)) '192.0.2.1 50' '192.0.2.3 7'
write null other.example $begin $end
write header other.example $begin $end "192.0.2.7 9 below.$own"
mail "$work/own-one.xml" "$work/other-one.xml" | arrives both
mail "$work/own-two.xml" "$work/twice.xml" "$work/twice.xml" | arrives twice
for name in long null header; do
	mail "$work/$name.xml" | arrives $name
done
write rival other.example $begin $end '192.0.2.1 5' '192.0.2.2 3'
mail "$work/rival.xml" | arrives rival-1
write rival other.example $begin $end '192.0.2.1 6' '192.0.2.2 4'
mail "$work/rival.xml" | arrives rival-2
tls "$own" own-tls 5 | arrives tls-own
tls other.example other-tls 5 | arrives tls-other
tls other.example other-tls 6 | arrives tls-rival
failure "$own" | arrives failure-own
conf narrow "\"${own^^}.\", \"*.nowhere.example\""
conf wide "\"$own\", \"*.example\", \"*.net\", \"*.com\", \"*.org\", \"*.example.*\""
printf 'domains = {}\n' | put "$work/all"
with narrow ingest --json "$work/box"
hold_up
is "$status $(sql 'SELECT count(DISTINCT domain) FROM ruastat.reports' | tr '\n' ' ')$(fate both)" \
	'2 1 refused|imported,refused|t' 'reports of others are refused, also beside one of our own'
is "$(fate header) $(fate tls-other) $(fate tls-own)" 'refused|refused|t refused|refused|t imported|imported|f' \
	'by the policy domain, whatever header_from says, and so are those on SMTP TLS'
verifies
refused=$(sql "SELECT count(*) FROM ruastat.intake WHERE outcome = 'refused'")
rows "$work/before"

# Nothing to do, and what there would be.
with narrow retry
is "$status $(cat "$work/out" "$work/err")" '0 ' 'the same again: cron hears nothing'
rows "$work/now"
same "$work/before" "$work/now" 'and nothing was touched'
with all retry --dry-run --json
is "$status $(tail -n 1 "$work/out" | jq -r '"\(.mails) \(.changed) \(.unreadable) \(.not_kept)"')" \
	"0 $refused $refused 0 0" 'a dry run says that all would be let in'
rows "$work/now"
same "$work/before" "$work/now" 'and changes nothing'
with all retry --dry-run --domain Other.Example.
grep -v 'tried again' "$work/out" | sed 's/^.*[.]M1[.]//; s/: \(this\|another\) .*//' | sort >"$work/lines"
cat >"$work/wanted" <<-END
	both: refused, now imported, 1 reports with 1 records and 5 messages
	header: refused, now imported, 1 reports with 1 records and 9 messages
	long: refused, now imported, 1 reports with 2 records and 57 messages
	null: refused, now null_report, 1 reports with 0 records and 0 messages
	rival-1: refused, now imported, 1 reports with 2 records and 8 messages
	rival-2: refused, now imported, 1 reports with 2 records and 10 messages
	tls-other: refused, now imported, 1 reports with 0 records and 0 messages
	tls-rival: refused, now imported, 1 reports with 0 records and 0 messages
	twice: refused, now imported, 1 reports with 1 records and 6 messages
END
sed 's/now conflict/now imported/' "$work/lines" >"$work/got"
same "$work/wanted" "$work/got" 'of one domain, in words'
is "$(tail -n 1 "$work/out" | sed -E 's/ in [0-9.]+ s//')" \
	"9 mails tried again, 9 would change: 6 imported, 2 conflict, 1 null_report; 9 reports with 9 records and 95 messages would be stored" \
	'and all together'
with all retry nobody
is "$status" 1 'what is no number is refused'
with all retry 4711
is "$status $(cat "$work/err")" '1 ruastat: no mail has the number 4711: "ruastat intake" lists them' \
	'and so is one that no mail has'
with all retry --outcome imported
is "$status" 1 'and an outcome that is never tried again'

# By number and by domain, then all; the ledger's rows stay themselves.
sql 'SELECT intake_id, read_at, source, name, size, sha256 FROM ruastat.intake ORDER BY 1' >"$work/ledger"
with all retry "$(id_of both)" "$(id_of tls-own)"
is "$status $(fate both)" '0 imported|imported,imported|f' 'one by its number, and what was stored of it stays'
is "$(sed -E 's/ in [0-9.]+ s//' "$work/out")" \
	'1 mails tried again, 1 changed: 1 imported; 1 reports with 1 records and 5 messages stored' 'in a line of words'
with all retry --domain other.example --outcome corrupt --json
is "$status $(jq -r .mails "$work/out")" '0 0' 'of those that are corrupt there are none'
with all retry --domain 'other.*' --json
is "$status $(tail -n 1 "$work/out" | jq -r '"\(.mails) \(.changed)"') $(fate twice)" \
	'0 8 8 imported|imported,imported,duplicate|f' 'those of a pattern'
verifies
with wide retry --json
is "$status $(tail -n 1 "$work/out" | jq -r '"\(.mails) \(.changed) \(.unreadable)"')" \
	"0 $((refused - 9)) $((refused - 9)) 0" 'the others'
with all retry
is "$status $(cat "$work/out" "$work/err")" '0 ' 'after which nothing is kept'
sql 'SELECT intake_id, read_at, source, name, size, sha256 FROM ruastat.intake ORDER BY 1' >"$work/now"
same "$work/ledger" "$work/now" 'each mail has its number, time and name still'
verifies 'all sums are right'
is "$(sql 'SELECT count(*) FROM ruastat_data.kept' "SELECT DISTINCT class FROM ruastat_data.seen")" '0
success' 'no bytes are kept, and the mailbox is told that all are stored'
with narrow ingest --json --after seen "$work/box"
is "$status $(totals mails) $(find "$work/box" -name '*:2,S' | wc -l)" "0 0 $(find "$work/box" -type f | wc -l)" \
	'which then does to them what is done to what is stored'
picture "$work/retried"
forget
with all ingest --json "$work/box"
picture "$work/fresh"
sql 'SELECT domain, report_id, records, messages FROM ruastat.reports WHERE counted ORDER BY 1, 2, 3, 4' >"$work/reports"
# A mailbox's mails without what their names tell of flags.
sort_views()
{
	sed -E 's/(intake\|[^|]*\|)(new|cur)\/([^|:]*)(:2,[A-Z]*)?/\1\3/' "$work/$1" | sort >"$work/$1.sorted"
}
sort_views retried
sort_views fresh
same "$work/fresh.sorted" "$work/retried.sorted" "every view is that of an import with the last configuration ($(wc -l <"$work/fresh") rows)"

# Failure reports of others show messages of persons, and are not kept.
failure other.example | put "$work/failure-other"
with narrow ingest --json "$work/failure-other"
with all retry --json
is "$status $(tail -n 1 "$work/out" | jq -r '"\(.mails) \(.not_kept)"')" '0 0 1' 'a failure report of others: not kept'
with all retry "$(id_of failure-other)"
is "$(sed -E 's/ in [0-9.]+ s//' "$work/out")" \
	'0 mails tried again, 0 changed; 1 more are not kept: ingest their files by name' 'and said so'
with all ingest --json "$work/failure-other"
is "$status $(totals mails)" '0 0' 'a file that is known'

# Own domains that became fewer: what is stored stays, also when another part of its mail is tried again.
mail "$work/own-one.xml" "$work/other-one.xml" | put "$work/part.eml"
forget
with narrow ingest --json "$work/part.eml"
conf nobody '"nobody.example"'
with nobody retry --json
is "$status $(tail -n 1 "$work/out" | jq -r '"\(.mails) \(.changed) \(.left)"') $(fate part.eml)" \
	'0 1 0 0 refused|imported,refused|t' 'own domains became fewer: what is stored stays'

# What the database refuses, beside what is stored, stays as it was; alone it is recorded.
mail "$work/other-one.xml" | put "$work/alone.eml"
write poison other.example $begin $end '192.0.2.66 1'
mail "$work/poison.xml" "$work/own-two.xml" | put "$work/poisoned.eml"
mail "$work/poison.xml" | put "$work/poison.eml"
with narrow ingest --json "$work/poisoned.eml" "$work/poison.eml" "$work/alone.eml"
sql "ALTER TABLE ruastat_data.report ADD CONSTRAINT no_poison CHECK (report_id <> 'poison') NOT VALID" >"$work/out"
with all retry --json
is "$status $(tail -n 1 "$work/out" | jq -r '"\(.mails) \(.changed) \(.left) \(.unreadable)"')" '0 4 3 1 2' \
	'two hold what the database refuses'
# Of two mails with one report either is the first.
fates="$(fate part.eml) $(fate alone.eml)"
[ "$fates" != 'imported|imported,duplicate|f imported|imported|f' ] ||
	fates='imported|imported,imported|f duplicate|duplicate|f'
is "$fates $(fate poison.eml) $(fate poisoned.eml)" \
	'imported|imported,imported|f duplicate|duplicate|f refused|refused|t refused|refused,imported|t' \
	'the one of which a report is stored stays as it was'
is "$(grep -c "mail $(id_of poisoned.eml) stays as it is: the database refused it" "$work/err")" 1 'with a warning'
verifies
sql "ALTER TABLE ruastat_data.report DROP CONSTRAINT no_poison" >"$work/out"
with all retry --json
is "$status $(tail -n 1 "$work/out" | jq -r '"\(.mails) \(.changed) \(.left) \(.unreadable)"')" '0 2 2 0 0' \
	'and is let in once that is possible'
verifies

# Mails that today's parser reads: their bytes are changed, as if it had learnt to read them.
learnt()
{
	sql "UPDATE ruastat_data.kept SET size = $(stat -c %s "$2"),
		bytes = '\x$(od -An -v -tx1 "$2" | tr -d ' \n')' WHERE intake_id = $(id_of "$1")" >"$work/out"
}
forget
head -c 300 "$work/other-one.xml" >"$work/cut.xml"
mail "$work/own-one.xml" "$work/cut.xml" | put "$work/cut.eml"
mail "$work/cut.xml" | put "$work/lost.eml"
mail "$work/cut.xml" | put "$work/private.eml"
with all ingest --json "$work/cut.eml" "$work/lost.eml" "$work/private.eml"
is "$status $(fate cut.eml) $(fate lost.eml)" '2 corrupt|imported,corrupt|t corrupt|corrupt|t' 'reports cut short'
with all retry --outcome refused --json
is "$status $(jq -r '"\(.mails) \(.unreadable)"' "$work/out")" '0 0 0' 'none of them is refused'
with all retry --outcome corrupt --json
is "$status $(jq -r '"\(.mails) \(.changed) \(.unreadable)"' "$work/out")" '0 3 0 3' \
	'tried again they are corrupt still, which is no news'
mail "$work/own-one.xml" "$work/other-one.xml" | put "$work/whole.eml"
learnt cut.eml "$work/whole.eml"
failure "$own" | put "$work/failure.eml"
learnt private.eml "$work/failure.eml"
printf 'From: ada@example.org\nSubject: hello\n\nNo report.\n' | put "$work/hello.eml"
learnt lost.eml "$work/hello.eml"
with all retry --json
is "$status $(fate cut.eml) $(fate lost.eml) $(fate private.eml)" \
	'0 imported|imported,imported|f not_a_report||f imported|imported|f' 'each is what it is'
is "$(sql "SELECT count(*) FROM ruastat_data.intake WHERE header IS NOT NULL" \
	'SELECT class, count(*) FROM ruastat_data.seen GROUP BY 1 ORDER BY 1' | tr '\n' ' ')" '1 success|4 other|2 ' \
	'of what is no report no header is kept, nor of a failure report, and nothing waits for the former'
verifies

# One that reads otherwise than when its report was stored is left to "reparse".
forget
with all ingest --json "$work/cut.eml"
mail "$work/other-one.xml" | put "$work/whole.eml"
learnt cut.eml "$work/whole.eml"
with all retry --json
is "$status $(fate cut.eml) $(grep -c 'reads otherwise than when' "$work/err")" '0 corrupt|imported,corrupt|t 1' \
	'a mail that reads otherwise stays as it is'
verifies

# Killed, interrupted, twice at once, beside an import: in the end all is as it was.
hold()
{
	echo "$1" >&$hold_fd
	echo "SELECT 'held $((++holds))';" >&$hold_fd
	until_true grep -q "held $holds\$" "$work/held"
}
waiting()
{
	[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")" = "$1" ]
}
alone()
{
	[ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")" = 2 ]
}
start()
{
	hold "BEGIN; SELECT pg_advisory_xact_lock($(id_of rival-1));"
	"${as[@]}" "$work/ruastat" retry --config "$work/all" --state-dir "$state" >"$work/out" 2>"$work/err" &
	victim=$!
	until_true waiting 1
	result $? "$1"
}
holds=0
forget
with narrow ingest --json "$work/box"
was=$(sql 'SELECT count(*) FROM ruastat_data.kept')
start 'it waits in the middle'
with all retry
is "$status $(grep -c 'another process is trying' "$work/err")" '75 1' 'a second one is sent away'
kill -KILL $victim
wait $victim 2>/dev/null
hold 'ROLLBACK;'
until_true alone
left=$(sql 'SELECT count(*) FROM ruastat_data.kept')
[ "$left" -gt 0 ] && [ "$left" -lt "$was" ]
result $? "killed, some are let in, some not ($left of $was)"
is "$(sql 'SELECT count(*) FROM ruastat.intake')" "$(find "$work/box" -type f | wc -l)" 'and all are in the ledger'
verifies
start 'it waits again'
kill -INT $victim
hold 'ROLLBACK;'
wait $victim 2>/dev/null
is "$? $(grep -c 'interrupted after' "$work/err")" '75 1' 'interrupted, it ends what it is at, and says so'
with all retry
verifies 'the next one ends it'
picture "$work/again"
sort_views again
same "$work/fresh.sorted" "$work/again.sorted" 'exactly'
forget
with narrow ingest --json "$work/box"
"${as[@]}" cp -a "$work/box" "$work/box-2"
"${as[@]}" "$work/ruastat" ingest --config "$work/all" --state-dir "$state" --json "$work/box-2" >"$work/beside" 2>&1 &
victim=$!
with all retry --json
wait $victim
is "$? $status $(sql 'SELECT count(*) FROM ruastat_data.kept')" '0 0 0' 'beside an import of the same'
verifies
sql 'SELECT domain, report_id, records, messages FROM ruastat.reports WHERE counted ORDER BY 1, 2, 3, 4' >"$work/now"
same "$work/reports" "$work/now" 'each report is stored once'
is "$(grep -E 'ERROR:|deadlock' "$state/log/postgresql.log" | grep -v 'violates check')" '' 'and nobody met in a circle'
done_testing
