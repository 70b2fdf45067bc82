#!/bin/bash
# SMTP TLS reports and failure reports in the database: duplicates, revisions, days, views, roles,
# retention, after-actions.  Only the parser is not the real one: the mails say what it would say.
set -u
# shellcheck disable=SC2034 # lib.sh reads it
RUASTAT=${B:-build/plain}/tests/integration/teller
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

use_state state
new_dir "$work/in"
begin=1700006400 # 2023-11-15 00:00
end=1700092799
day=86400
: >"$work/none" && chmod 644 "$work/none"
ingest "$work/none"
hold_up

# A mail with these parts (JSON), to stdout.
tell()
{
	local IFS=,

	printf '{"message_id":"%s.%s@reporter.example","from_domain":"reporter.example",
		"header":"Subject: a mail","parts":[%s]}' "$RANDOM" "${EPOCHREALTIME/[.,]/}" "$*"
}

# A TLS report: id, begin, end, policies.
tls()
{
	printf '{"original":"document %s","tls":{"domain":"%s","organization_name":"%s","report_id":"%s","begin":%s,"end":%s,
		"contact_info":"smtp@org.example","quirks":[{"rule":"a-rule","detail":"what \\"it\\" met"}],
		"policies":[%s]}}' "$1" "$domain" "${org-Org Inc.}" "$1" "$2" "$3" "${4-}"
}

# A policy: successful, failed, failures.
policy()
{
	printf '{"type":"%s","domain":"%s","strings":["version: STSv1","mode: testing"],"mx_hosts":["*.mx.example"],
		"successful":%s,"failed":%s,"failures":[%s]}' "${type:-sts}" "${of:-$domain}" "$1" "$2" "${3-}"
}

# A failure detail: result type, sessions.
detail()
{
	printf '{"result_type":"%s","sessions":%s,"sending_mta_ip":"192.0.2.1","raw_receiving_ip":"no address",
		"receiving_mx_hostname":"mx1.mx.example"}' "$1" "$2"
}

# A failure report: subject, more members.
failure()
{
	printf '{"failure":{"domain":"%s","reporter":"reporter.example","auth_failure":"dmarc","arrived":%s,
		"source_ip":"198.51.100.7","from_field":"ada@%s","subject":"%s","original_rcpt_to":"bob@example.net",
		"delivery_result":"reject","incidents":2,"header":"From: ada@%s\\r\\nSubject: %s\\r\\n",
		"body":"the secret body" %s}}' "$domain" "${arrived:-$begin}" "$domain" "$1" "$domain" "$1" "${2-}"
}

# Ingest one mail with these parts.  The words of its outcome are checked.
arrives()
{
	local want=$1 what=$2

	shift 2
	mails=$((mails + 1))
	tell "$@" | put "$work/in/$mails.eml"
	ingest "$work/in/$mails.eml"
	is "$status $(jq -r '[to_entries[] | select(.key != "mails" and .key != "seconds" and .value > 0)
		| "\(.key)=\(.value)"] | join(" ")' "$work/out")" "$want" "$what"
}
mails=0

parts_are()
{
	is "$(sql "SELECT string_agg(concat_ws(':', kind, outcome), ' ' ORDER BY intake_id, n)
		FROM ruastat.intake_parts WHERE domain = '$domain'")" "$1" "$2"
}

# SMTP TLS reports: the same, again, in another order.
domain=again.example
one=$(policy 10 2 "$(detail certificate-expired 2)")
two=$(type=tlsa of=mx.again.example policy 5 0)
arrives '0 imported=1 reports=1' 'a TLS report' "$(tls id $begin $end "$one,$two")"
is "$(sql "SELECT domain, reporter, report_id, begin_at, end_at, day, days, counted, successful_sessions, failed_sessions,
		contact_info, quirks, encode(o.bytes, 'escape')
	FROM ruastat.tls_reports JOIN ruastat.originals o USING (domain, filed_on, report_key)")" \
	'again.example|Org Inc.|id|2023-11-15 00:00:00+00|2023-11-15 23:59:59+00|2023-11-15|1|t|15|2|smtp@org.example|{"(a-rule,\"what \"\"it\"\" met\")"}|document id' \
	'as it was told, its document with it'
arrives '0 duplicate=1' 'again: a duplicate' "$(tls id $begin $end "$one,$two")"
arrives '0 duplicate=1' 'its policies in another order: a duplicate' "$(tls id $begin $end "$two,$one")"
arrives '0 imported=1 reports=1' 'twice in a mail: once' "$(tls id-2 $begin $end "$one")" "$(tls id-2 $begin $end "$one")"
parts_are 'tlsrpt:imported tlsrpt:duplicate tlsrpt:duplicate tlsrpt:imported tlsrpt:duplicate' 'a part for each'
arrives '0 imported=1 reports=1' 'the same of another reporter' "$(org='' tls id $begin $end "$one")"
arrives '0 imported=1 reports=1' 'the same of another day' "$(tls id $((begin + day)) $((end + day)) "$one")"
is "$(sql "SELECT reporter, count(*) FROM ruastat.tls_reports WHERE domain = '$domain' GROUP BY 1 ORDER BY 1" | tr '\n' ' ')" \
	'Org Inc.|3 unknown|1 ' 'count too'
arrives '0 null_report=1 reports=1' 'one without policies is a null report' "$(tls empty $begin $end)"
arrives '0 duplicate=1' 'again: a duplicate' "$(tls empty $begin $end)"
verifies

# Revisions: told in every order, one domain for each, and all at once; they must end alike.
all=("$(of=x.example policy 10 1 "$(detail a 1)")" "$(of=x.example policy 20 1 "$(detail b 1)")"
	"$(of=x.example policy 1 20 "$(detail c 20)")")
ends()
{
	sql "SELECT p.outcome, p.reason, i.outcome, t.counted, t.successful_sessions, t.failed_sessions
		FROM ruastat.tls_reports t JOIN ruastat.intake_parts p USING (report_key) JOIN ruastat.intake i ON i.intake_id = p.intake_id
		WHERE t.domain = '$domain' ORDER BY t.successful_sessions, i.outcome" \
		"SELECT day, policy_type, policy_domain, successful_sessions, failed_sessions, reports
		FROM ruastat.tls_daily WHERE domain = '$domain'"
}
for order in 012 021 102 120 201 210; do
	domain=order-$order.example
	new_dir "$work/in/$domain"
	for ((i = 0; i < 3; i++)); do
		tell "$(tls id $begin $end "${all[${order:i:1}]}")" | put "$work/in/$domain/$i.eml"
	done
	for ((i = 0; i < 3; i++)); do
		ingest "$work/in/$domain/$i.eml"
	done
	ends >"$work/ends-$order"
	same "$work/ends-$order" "$work/ends-012" "told in the order $order"
done
is "$(cut -d '|' -f 1,4 "$work/ends-012" | head -n 3 | sort | tr '\n' ' ')" 'conflict|f conflict|f imported|t ' \
	'one counts, the others are conflicts'
is "$(tail -n 1 "$work/ends-012" | cut -d '|' -f 4-5 | sed 's/|/ /' | awk '{ print $1 + $2 }')" 21 'the one with most sessions'
domain=batch.example
tell "$(tls id $begin $end "${all[0]}")" "$(tls id $begin $end "${all[1]}")" "$(tls id $begin $end "${all[2]}")" | put "$work/in/batch.eml"
ingest "$work/in/batch.eml"
is "$(totals mails conflict reports)" '1 1 1' 'all in one mail: that is a conflict'
ends | cut -d '|' -f 1,2,4- >"$work/got"
cut -d '|' -f 1,2,4- "$work/ends-012" >"$work/want"
is "$(sed 1,3d "$work/got")" "$(sed 1,3d "$work/want")" 'and counts alike'
is "$(sql "SELECT count(*) FILTER (WHERE counted), count(*) FROM ruastat.tls_reports WHERE domain = '$domain'")" '1|3' 'one of three'
pids=()
for i in 0 1 2; do
	domain=race.example
	tell "$(tls id $begin $end "${all[$i]}")" | put "$work/in/race-$i.eml"
	timeout 60 "${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" "$work/in/race-$i.eml" >"$work/race-$i" 2>&1 &
	pids+=($!)
done
wait "${pids[@]}"
ends >"$work/got"
same "$work/got" "$work/ends-012" 'three revisions at once'
is "$(cat "$work"/race-?)" '' 'without a word'
verifies

# Days.
domain=week.example
arrives '0 imported=1 reports=1' 'a report of a week' \
	"$(tls id $begin $((begin + 7 * day)) "$(policy 100 13 "$(detail validation-failure 13)")")"
is "$(sql "SELECT count(*), sum(successful_sessions), sum(failed_sessions), min(day), max(day), max(failed_sessions)
	FROM ruastat.tls_daily WHERE domain = '$domain'")" '7|100|13|2023-11-15|2023-11-21|2' 'is spread, exactly'
domain=late.example
arrives '0 imported=1 reports=1' 'a report of forty days' "$(tls id $begin $((begin + 40 * day)) "$(policy 1 0)")"
is "$(sql "SELECT days, day IS NULL, filed_on FROM ruastat.tls_reports WHERE domain = '$domain'" \
	"SELECT count(*) FROM ruastat.tls_daily WHERE domain = '$domain'" | tr '\n' ' ')" '0|t|2023-12-05 0 ' \
	'stays outside the daily numbers'
arrives '2 refused=1' 'a year that no database keeps' "$(tls id 999999999999999 999999999999999 "$(policy 1 0)")"
arrives '2 corrupt=1' 'no domain' "$(domain='' tls id $begin $end "$(of=x policy 1 0)")"

# Numbers that do not add up, and that are not there.
domain=mail.ru.example
arrives '0 imported=1 reports=1' 'a summary that says less than its details' "$(tls id $begin $end "$(policy 0 1 \
	"$(detail certificate-host-mismatch 1),$(detail certificate-expired 1)"),{\"raw_type\":\"new\",\"failures\":[{\"result_type\":\"x\"}]},$(policy 3 4)")"
is "$(sql "SELECT policy_n, policy_type, raw_policy_type, n, result_type, failed_sessions, sending_mta_ip, raw_receiving_ip,
		summary_failed_sessions, details_failed_sessions, adds_up
	FROM ruastat.tls_failures WHERE domain = '$domain' ORDER BY 1, 4")" "\
1|sts||1|certificate-host-mismatch|1|192.0.2.1|no address|1|2|f
1|sts||2|certificate-expired|1|192.0.2.1|no address|1|2|f
2||new|1|x|||||0|
3|sts|||||||4|0|f" 'both numbers are kept'
is "$(sql "SELECT policy_type, raw_policy_type, successful_sessions, failed_sessions FROM ruastat.tls_daily
	WHERE domain = '$domain' ORDER BY 1")" "\
sts||3|5
|new||" 'and what is not said is no number'
verifies

# Verbs.
is "$(ruastat tls --domain again.example --json --to 2023-11-15 && jq -cS . "$work/out")" \
	'{"day":"2023-11-15","domain":"again.example","failed":6,"failed_percent":14.6,"results":"certificate-expired 6","successful":35}' 'tls: a day and domain'
ruastat tls --policies --domain again.example --csv
is "$(tail -n +2 "$work/out" | tr -d '\r')" 'again.example,sts,again.example,40,8,16.7,certificate-expired 8,2023-11-16
again.example,tlsa,mx.again.example,5,0,0.0,,2023-11-15' 'tls --policies: a policy'
is "$(ruastat tls --limit 2 && grep -c example "$work/out")" 2 'a table'
grep -q 'more; --limit 0' "$work/out"
result $? 'that says how many more there are'

# Failure reports.
domain=personal.example
arrives '0 imported=1 reports=1' 'a failure report' "$(failure one)"
arrives '0 duplicate=1' 'again: a duplicate' "$(failure one)"
arrives '0 imported=1 reports=1' 'another' "$(arrived=$((begin + 5)) failure '\u001b[31mred' ',"raw_delivery_result":"smg","raw_source_ip":"x","quirks":[{"rule":"r","detail":"d"}]')"
is "$(sql "SELECT domain, arrived_at, reporter, source_ip, auth_failure, delivery_result, from_field, subject, original_rcpt_to,
		incidents, header, body IS NULL FROM ruastat.failures WHERE subject = 'one'" | tr -d '\r')" \
	'personal.example|2023-11-15 00:00:00+00|reporter.example|198.51.100.7|dmarc|reject|ada@personal.example|one|bob@example.net|2|From: ada@personal.example
Subject: one
|t' 'all of it but the body'
is "$(sql "SELECT count(*) FROM ruastat_data.intake i JOIN ruastat_data.intake_part p USING (intake_id)
	WHERE kind = 'failure' AND i.header IS NOT NULL")" 0 'and nothing of the mail around it'
ruastat failures --json
is "$(jq -cS . "$work/out" | head -n 1)" \
	'{"arrived_at":"2023-11-15T00:00:05Z","auth_failure":"dmarc","delivery_result":"reject","domain":"personal.example","from_field":"ada@personal.example","intake_id":'"$(sql 'SELECT max(intake_id) FROM ruastat.failures')"',"reporter":"reporter.example","source_ip":"198.51.100.7","subject":"\u001b[31mred"}' 'failures: the latest first'
ruastat failures
! grep -q $'\033' "$work/out" && grep -qF '\x1b[31mred' "$work/out"
result $? 'safe on a terminal'
ruastat failures --csv --domain personal.example --to 2023-11-15
is "$(wc -l <"$work/out")" 3 'and as CSV'
arrives '2 refused=1' 'an impossible date' "$(arrived=-999999999999999 failure x)"
arrives '2 corrupt=1' 'one that cannot be read' '{}'
is "$(sql "SELECT count(*) FROM ruastat_data.kept k JOIN ruastat_data.intake_part p USING (intake_id) WHERE kind = 'failure'")" 0 \
	'the bytes of neither are kept'
verifies

# Explained.
id=$(sql "SELECT intake_id FROM ruastat.failures WHERE subject <> 'one'")
ruastat explain --json "$id"
is "$(jq -cS '.parts[0] | {kind, domain, reporter, day, stored_from, quirks}' "$work/out")" \
	"{\"day\":\"2023-11-15\",\"domain\":\"personal.example\",\"kind\":\"failure\",\"quirks\":[{\"detail\":\"d\",\"rule\":\"r\"}],\"reporter\":\"reporter.example\",\"stored_from\":$id}" 'explain: a failure report'
ruastat explain "$id"
grep -qx '  repaired    r: d' "$work/out"
result $? 'in words too'
ruastat explain --json "$(sql "SELECT min(intake_id) FROM ruastat.intake WHERE name = '1.eml'")"
is "$(jq -cS '.parts[0] | {kind, outcome, successful_sessions, failed_sessions, counted, quirks: (.quirks | length)}' "$work/out")" \
	'{"counted":true,"failed_sessions":2,"kind":"tlsrpt","outcome":"imported","quirks":1,"successful_sessions":15}' 'explain: a TLS report'
ruastat intake --json --limit 1
is "$(jq -c '[.kind, .outcome]' "$work/out")" '["failure","corrupt"]' 'intake says of which kind'

# Who may see them.
for role in ruastat_reader ruastat_dashboard; do
	sql "SET ROLE $role" 'SELECT count(*) FROM ruastat.failures' | grep -q 'permission denied'
	result $? "$role cannot see failure reports"
	for view in tls_reports tls_daily tls_failures; do
		is "$(sql "SET ROLE $role" "SELECT count(*) > 0 FROM (SELECT * FROM ruastat.$view OFFSET 0) v")" t "but ruastat.$view"
	done
done
is "$(sql 'SET ROLE ruastat_failures' 'SELECT count(*) FROM ruastat.failures')" 2 'ruastat_failures can'
sql 'SET ROLE ruastat_failures' 'SELECT count(*) FROM ruastat.reports' | grep -q 'permission denied'
result $? 'and nothing else'

# Retention.
sql "UPDATE ruastat_data.failure SET imported_at = imported_at - interval '29 days'" \
	"UPDATE ruastat_data.intake_part SET read_at = read_at - interval '29 days' WHERE kind = 'failure'" >"$work/out"
ingest "$work/none"
is "$(sql 'SELECT count(*) FROM ruastat.failures')" 2 'after 29 days they are still there'
sql "UPDATE ruastat_data.failure SET imported_at = imported_at - interval '1 day 1 hour'" \
	"UPDATE ruastat_data.intake_part SET read_at = read_at - interval '1 day 1 hour' WHERE kind = 'failure'" \
	"INSERT INTO ruastat_data.failure (domain_id, day, report_key, reporter_id, intake_id, imported_at, arrived_at, quirks)
		SELECT domain_id, day, gen_random_uuid(), reporter_id, -1, imported_at, arrived_at, quirks
		FROM ruastat_data.failure, generate_series(1, 1500) LIMIT 2500" >"$work/out"
ingest --dry-run "$work/in/1.eml"
is "$(sql 'SELECT count(*) FROM ruastat.failures')" 2502 'a dry run deletes nothing'
ingest "$work/none"
is "$(sql 'SELECT count(*) FROM ruastat.failures')" 0 'after 30 the next run deletes them all'
is "$(sql "SELECT DISTINCT reason FROM ruastat.intake_parts WHERE kind = 'failure' AND outcome = 'imported'")" \
	'the report was deleted: failure_days have passed' 'and the ledger says so'
verifies

# What the configuration says of them.
configured()
{
	printf 'state_dir = "%s"\n%s\n' "$state" "$1" | put "$work/conf"
	timeout 60 "${as[@]}" "$work/ruastat" "${@:2}" --config "$work/conf" >"$work/out" 2>"$work/err" </dev/null
	status=$?
}
configured 'failure_reports = full' ingest "$work/in/$(sql "SELECT regexp_replace(name, '.*/', '') FROM ruastat.intake WHERE intake_id = $id")"
is $status 0 'known mails stay known'
tell "$(arrived=$((begin + 9)) failure whole)" | put "$work/in/whole.eml"
configured 'failure_reports = full' ingest "$work/in/whole.eml"
is "$(sql 'SELECT subject, body FROM ruastat.failures')" 'whole|the secret body' 'failure_reports = full: bodies too'
maildir "$work/box"
tell "$(failure off)" | put "$work/box/new/off"
configured 'failure_reports = off' ingest --after delete --json "$work/box"
is "$status $(totals mails null_report imported)" '0 1 1 0' 'failure_reports = off: nothing is kept'
is "$(sql 'SELECT count(*) FROM ruastat.failures' "SELECT outcome, reason, report_key FROM ruastat.intake_parts ORDER BY intake_id DESC LIMIT 1" | tr '\n' ' ')" \
	'1 null_report|failure reports are not kept (failure_reports = off)| ' 'and the ledger says why'
[ -e "$work/box/new/off" ]
result $? 'the mail stays where it is'
configured 'failure_days = 0' check-config
is "$status $(grep -c 'failure_days is 0' "$work/err")" '1 1' 'failure_days = 0 is refused'
configured 'failure_reports = some' check-config
is "$status $(grep -c 'headers, full or off' "$work/err")" '1 1' 'and so is another word'
configured 'failure_days = 7' check-config --json
is "$(jq -c '[.failure_reports, .failure_days]' "$work/out")" '["headers",7]' 'check-config says what holds'
configured 'max_mail_size = 128MB' check-config --json
is "$(jq -c '.limits | [.max_mail_size, .max_parts, .worker_memory]' "$work/out")" '[134217728,200,805306368]' \
	'and which limits'
domain=others.example
tell "$(tls id $begin $end "$(policy 1 0)")" "$(failure x)" | put "$work/in/others.eml"
configured 'domains = { "again.example" }' ingest --json "$work/in/others.eml"
is "$status $(totals refused)" '2 1' 'of other domains both are refused'
verifies

# After-actions.
rm "$work/box/new/off"
domain=after.example
tell "$(tls id $begin $end "$(policy 1 0)")" | put "$work/box/new/tls"
tell "$(tls id $begin $end "$(policy 1 0)")" | put "$work/box/new/tls-again"
tell "$(failure after)" | put "$work/box/new/failure"
tell '{}' | put "$work/box/new/unreadable"
ingest --after move --move-to Done --failures Bad "$work/box"
is "$status $(totals mails imported duplicate corrupt)" '2 4 2 1 1' 'a maildir of both kinds'
is "$(find "$work/box" -type f -path '*/cur/*' -printf '%P\n' | sed 's/,.*//; s/:2//' | sort | tr '\n' ' ')" \
	'.Bad/cur/unreadable .Done/cur/failure .Done/cur/tls .Done/cur/tls-again ' 'stored and known ones are moved'

# What a worker that was taken over, or a value that PostgreSQL refuses, costs.
arrives '2 corrupt=1' 'a frame of nothing' '{"raw":""}'
arrives '2 corrupt=1' 'TLS reports without end' '{"raw":"0003000000000000000000020000000b6162632e6578616d706c65"}'
arrives '2 corrupt=1' 'a failure report that claims to be a TLS report' '{"raw":"000200000000000000000002"}'
sql "ALTER TABLE ruastat_data.tls_report ADD CHECK (report_id <> 'bad')" \
	"ALTER TABLE ruastat_data.failure ADD CHECK (subject <> 'bad')" >"$work/out"
new_dir "$work/mixed"
for i in 1 2 3 4 5; do
	tell "$(tls "mixed-$i" $begin $end "$(policy 1 0)")" | put "$work/mixed/t$i"
	tell "$(failure "mixed $i")" | put "$work/mixed/f$i"
done
tell "$(tls bad $begin $end "$(policy 1 0)")" | put "$work/mixed/t3bad"
tell "$(failure bad)" | put "$work/mixed/f3bad"
ingest "$work/mixed"
is "$status $(totals mails imported refused)" '2 12 10 2' 'one that PostgreSQL refuses costs itself alone'
is "$(sql "SELECT count(*) FROM ruastat_data.kept k JOIN ruastat.intake i USING (intake_id) WHERE i.name LIKE '%f3bad'")" 0 \
	'and its body is not kept'
verifies
for wrong in "UPDATE ruastat_data.tls_report SET failed_sessions = failed_sessions + 1" \
	"UPDATE ruastat_data.tls_failure SET failed_sessions = failed_sessions + 1" \
	"DELETE FROM ruastat_data.tls_policy" "DELETE FROM ruastat_data.tls_report" \
	"UPDATE ruastat_data.tls_report SET counted = NOT counted" "DELETE FROM ruastat_data.failure" \
	"UPDATE ruastat_data.failure SET report_key = gen_random_uuid()"; do
	is "$(sql BEGIN "$wrong" "SELECT sum(wrong) > 0 FROM ($(cat sql/query/verify.sql)) v" ROLLBACK)" t "verify finds: $wrong"
done
is "$(grep -E 'ERROR:|deadlock' "$state/log/postgresql.log" | grep -v 'permission denied\|violates check')" '' \
	'no other error in the log of PostgreSQL'
done_testing
