#!/bin/bash
# The dashboard's statements (sql/api/, dashboard/API.md): their shapes, that every number is the same
# wherever it stands, pages that neither skip nor repeat, and the role they run as.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# Midnight UTC, ${1} days ago, and its date.
day()
{
	echo $(($(date -u +%s) / 86400 * 86400 - 86400 * $1))
}

date_of()
{
	date -u -d "@$(day "$1")" +%F
}

# A record: ip, count, verdicts, header_from ("-" for none), then its auth_results.
record()
{
	cat <<-END
	<record><row><source_ip>$1</source_ip><count>$2</count><policy_evaluated>
	<disposition>none</disposition><dkim>$3</dkim><spf>$4</spf>$7</policy_evaluated></row>
	<identifiers>$([ "$5" = - ] || echo "<header_from>$5</header_from>")</identifiers>
	<auth_results>$6</auth_results></record>
	END
}

# domain, result, selector or nothing
dkim()
{
	echo "<dkim>${1:+<domain>$1</domain>}${3:+<selector>$3</selector>}<result>$2</result>" \
		"<human_result>$RANDOM</human_result></dkim>"
}

# domain, result, scope or nothing
spf()
{
	echo "<spf>${1:+<domain>$1</domain>}${3:+<scope>$3</scope>}<result>$2</result></spf>"
}

# org, id, domain, begin, end, policy; records on stdin
document()
{
	cat <<-END
	<?xml version="1.0" encoding="UTF-8"?>
	<feedback><report_metadata><org_name>$1</org_name><email>postmaster@$1</email><report_id>$2</report_id>
	<date_range><begin>$4</begin><end>$5</end></date_range></report_metadata>
	<policy_published><domain>$3</domain><p>$6</p><adkim>r</adkim></policy_published>
	END
	cat
	echo '</feedback>'
}

# What every session begins with: the role, and functions that ask as the server does, with text alone.
prelude()
{
	local file

	cat <<-'PRELUDE'
	SET search_path = pg_catalog;
	SET timezone = 'UTC';
	SET client_min_messages = warning;
	SET ROLE ruastat_dashboard;
	CREATE TEMP TABLE api (name text, statement text);
	CREATE FUNCTION pg_temp.ask(asked text, VARIADIC p text[] DEFAULT '{}') RETURNS text
	LANGUAGE plpgsql AS $f$
	DECLARE
		answer text;
	BEGIN
		EXECUTE (SELECT statement FROM pg_temp.api WHERE name = asked) INTO answer
			USING p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9], p[10];
		RETURN answer;
	END
	$f$;
	-- All rows, page by page; the parameters before after and limit are given.
	CREATE FUNCTION pg_temp.pages(asked text, step integer, VARIADIC p text[]) RETURNS jsonb
	LANGUAGE plpgsql AS $f$
	DECLARE
		answer jsonb;
		rows jsonb := '[]';
		after text;
	BEGIN
		FOR i IN 1..5000 LOOP
			answer := pg_temp.ask(asked, VARIADIC p || after || step::text);
			rows := rows || (answer -> 'rows');
			IF jsonb_array_length(answer -> 'rows') > step THEN
				RAISE 'a page of % rows', jsonb_array_length(answer -> 'rows');
			END IF;
			after := answer ->> 'next';
			EXIT WHEN after IS NULL;
		END LOOP;
		RETURN rows;
	END
	$f$;
	CREATE FUNCTION pg_temp.rows(asked text, VARIADIC p text[]) RETURNS SETOF jsonb LANGUAGE sql AS $f$
		SELECT jsonb_array_elements(pg_temp.ask(asked, VARIADIC p)::jsonb -> 'rows')
	$f$;
	-- The same keys of a JSON object, its numbers added up.
	CREATE FUNCTION pg_temp.total(r jsonb) RETURNS text LANGUAGE sql AS $f$
		SELECT string_agg(coalesce(r ->> k, 'null'), ' ') FROM unnest('{messages,dmarc_pass,dkim_aligned,
			spf_aligned,both,dkim_only,spf_only,neither,unknown,none,quarantine,reject}'::text[]) AS k
	$f$;
	CREATE FUNCTION pg_temp.total(rows jsonb[]) RETURNS text LANGUAGE sql AS $f$
		SELECT string_agg(s.n::text, ' ' ORDER BY k.i)
		FROM unnest('{messages,dmarc_pass,dkim_aligned,spf_aligned,both,dkim_only,spf_only,neither,unknown,
			none,quarantine,reject}'::text[]) WITH ORDINALITY AS k(name, i)
		CROSS JOIN LATERAL (
			SELECT coalesce(sum((r ->> k.name)::numeric), 0) AS n FROM unnest(rows) AS r) s
	$f$;
	PRELUDE
	for file in sql/api/*.sql; do
		printf "INSERT INTO api VALUES ('%s', \$api\$%s\$api\$);\n" "$(basename "$file" .sql)" "$(cat "$file")"
	done
}

# Ask in such a session: SQL on stdin, one line a row.
session()
{
	{ prelude; cat; } | timeout 300 "${as[@]}" "$work/ruastat" psql --no-config --state-dir "$state" -- \
		-XqAt -v ON_ERROR_STOP=1 -v VERBOSITY=verbose -f - 2>&1
}

asked()
{
	session <<<"SELECT $1" >"$work/out"
}

gives()
{
	asked "$1"
	is "$(cat "$work/out")" "$2" "$3"
}

# The query's rows are what is wrong: none must come.
none()
{
	session >"$work/out" && [ ! -s "$work/out" ]
	result $? "$1"
}

# An error of SQLSTATE class ${1}.
fails()
{
	session <<<"SELECT $2" >"$work/out"
	grep -q "ERROR:  $1" "$work/out"
	result $? "$3"
}

use_state empty
new_dir "$work/nothing"
ingest "$work/nothing"
gives "(ask::json -> 'period')::text || (ask::json -> 'messages') || (ask::json -> 'dmarc_percent')
	FROM pg_temp.ask('summary')" '{"from" : null, "to" : null}0null' 'summary: no report at all'
gives "count(*) FROM unnest('{domains,daily,reports}'::text[]) AS n
	WHERE pg_temp.ask(n)::json ->> 'total' = '0' AND pg_temp.ask(n) LIKE '{\"rows\" : [],%'" 3 \
	'tables of nothing are empty'

use_state state
mailgen --story bench --reports 200 --days 50 "$work/box" >"$work/out" 2>"$work/err"
result $? 'a mailbox is made'
new_dir "$work/mail"
pass=$(dkim example.org pass s1)
# A day: one that counts, one that says nothing of messages, one that loses against its revision.
{
	record 192.0.2.1 6 pass pass example.org "$pass $(spf example.org pass mfrom)" \
		'<reason><type>forwarded</type><comment>x</comment></reason><reason><type>gremlins</type></reason>'
	record 192.0.2.2 2 fail fail example.org "$(spf example.org softfail)" ''
	record 192.0.3.7 5 fail pass example.org "$(spf example.org pass)" ''
	record 2001:db8::1 1 unheard fail example.org '' ''
	record nowhere 3 pass fail example.org "$pass $(spf '' none)" ''
} | document acme.example one example.org "$(day 9)" $(($(day 8) - 1)) reject | put "$work/mail/one.xml"
for d in example.org quiet.example; do
	document acme.example null $d "$(day 8)" $(($(day 7) - 1)) reject </dev/null | put "$work/mail/null-$d.xml"
done
for n in 5 9; do
	record 192.0.2.9 $n pass fail example.org "$pass" '' |
		document acme.example twice example.org "$(day 7)" $(($(day 6) - 1)) none | put "$work/mail/twice$n.xml"
done
# Twenty days at once, thirty days back to eleven, and one that is outside the daily numbers.
{
	record 192.0.2.1 101 pass pass example.org "$pass $(spf example.org pass)" ''
	record 198.51.100.8 7 fail fail example.org "$(dkim other.example pass x)" ''
	record 198.51.100.9 1 pass fail example.org "$pass" ''
	record 198.51.100.10 0 pass fail example.org "$pass" ''
} | document slow.example long example.org $(($(day 30) + 3600)) $(($(day 10) + 3600)) none |
	put "$work/mail/long.xml"
record 192.0.2.1 40 pass pass example.org "$pass" '' |
	document slow.example year example.org "$(day 400)" "$(day 30)" none | put "$work/mail/year.xml"
# A key that breaks on the third of five days, listed twice each time; half is not less than half.
for n in 5 4 3 2 1; do
	good=$(dkim broke.example pass k) bad=$(dkim broke.example fail k)
	case $n in 5) ok=1 ko=0 ;; 4) ok=5 ko=5 ;; *) ok=1 ko=9 ;; esac
	{
		record 192.0.2.1 $ok pass fail broke.example "$good $bad $(dkim list.example pass l)" ''
		record 192.0.2.2 $ko fail fail broke.example "$bad $bad $(dkim '' none)" ''
		record 192.0.2.3 1 pass fail broke.example "$(dkim mail.broke.example pass)" ''
	} | document acme.example "b$n" broke.example "$(day $n)" $(($(day $n) + 86399)) quarantine |
		put "$work/mail/broke$n.xml"
done
# Why: each record has messages of its own number.
h=news.nordwind.example
{
	record 192.0.2.1 1 fail fail $h '' ''
	record 192.0.2.1 2 fail fail $h "$(dkim '' none) $(spf nordwind.example none)" ''
	record 192.0.2.1 3 fail fail $h "$(dkim nordwind.example fail s1) $(spf $h softfail)" ''
	record 192.0.2.1 4 fail fail $h "$(dkim $h permerror) $(spf bounce.sendwerk.example pass mfrom)" ''
	record 192.0.2.1 5 fail fail $h "$(dkim sendwerk.example pass s2048) $(spf $h temperror)" ''
	record 192.0.2.1 6 fail fail $h "$(dkim sendwerk.example pass a) $(dkim other.example fail b) $(spf '' none)" ''
	record 192.0.2.1 7 fail fail $h "$(dkim sendwerk.example fail a) $(spf a.$h pass)" ''
	record 192.0.2.1 8 fail fail $h "$(dkim $h pass a) $(dkim x.$h pass a) $(spf x.example unheard)" ''
	record 192.0.2.1 9 fail pass $h "$(for n in a b c d e; do dkim $n.example pass; done)" ''
	record 192.0.2.1 10 fail pass $h "$(dkim $h fail a) $(dkim $h policy b) $(dkim list.example pass)" ''
	record 192.0.2.1 11 pass fail $h "$(spf mx.$h pass helo) $(spf bounce.example pass mfrom)" ''
	record 192.0.2.1 12 pass fail $h "$(spf mx.$h neutral helo)" ''
	record 192.0.2.1 13 unheard unheard $h "$(dkim $h pass a)" ''
	record 192.0.2.1 14 unheard fail $h "$(spf bounce.example fail)" ''
	record 192.0.2.1 15 fail unheard $h "$(dkim '' fail k) $(dkim other.example fail)" ''
	record 192.0.2.1 16 pass pass $h "$(dkim $h pass a)" ''
	record 192.0.2.1 17 fail fail - "$(dkim other.example fail a) $(spf other.example pass)" ''
	record 192.0.2.1 18 pass fail $h "$(for n in a b c d; do spf $n.example fail; done)" ''
	record 192.0.2.1 19 fail pass $h "$(dkim $h neutral a) $(dkim $h neutral a)" ''
	record 192.0.2.1 20 fail pass $h "$(dkim news-nordwind.example fail a)" ''
	record 192.0.2.1 21 fail fail $h "$(dkim '' pass a) $(spf '' pass)" ''
} | document acme.example why nordwind.example "$(day 3)" $(($(day 2) - 1)) none | put "$work/mail/why.xml"
ingest "$work/box" "$work/mail"
is "$(totals conflict null_report corrupt refused)" '1 2 0 0' 'and reports by hand are read'
hold_up
from=$(date_of 30) to=$(date_of 1)

# The long report's edges, one of its days alone, all of it, none of it, nothing given.
periods="(VALUES (NULL, NULL), ('$(date_of 60)', '$to'), ('$(date_of 20)', '$(date_of 15)'), ('$(date_of 35)',
	'$(date_of 25)'), ('$(date_of 12)', '$(date_of 6)'), ('$(date_of 16)', '$(date_of 16)'),
	('$(date_of 45)', '$(date_of 40)'), ('$from', NULL), (NULL, '$(date_of 12)')) AS p(a, b)"
domains="(SELECT domain FROM ruastat.reports GROUP BY 1
	ORDER BY domain IN ('example.org', 'broke.example', 'quiet.example') DESC, sum(records) DESC LIMIT 6) AS d"
classes="unnest('{both,dkim_only,spf_only,neither,unknown,no_dkim,no_spf,no_dmarc}'::text[]) AS c"

none 'summary, domains, daily, sources, networks and records have the same sums' <<-END
	SELECT * FROM (
		SELECT d.domain, p.a, p.b, pg_temp.total(pg_temp.ask('summary', d.domain, p.a, p.b)::jsonb) AS summary,
			pg_temp.total(ARRAY(SELECT r FROM pg_temp.rows('domains', p.a, p.b, NULL, NULL, NULL, NULL, '1000') r
				WHERE r ->> 'domain' = d.domain)) AS domains,
			pg_temp.total(ARRAY(SELECT pg_temp.rows('daily', d.domain, p.a, p.b))) AS daily,
			pg_temp.total(ARRAY(SELECT pg_temp.rows('sources', d.domain, p.a, p.b, NULL, NULL, NULL, NULL,
				NULL, NULL, '100000'))) AS sources,
			pg_temp.total(ARRAY(SELECT pg_temp.rows('sources', d.domain, p.a, p.b, 'network', NULL, NULL, NULL,
				NULL, NULL, '100000'))) AS networks,
			(SELECT coalesce(sum((r ->> 'messages')::numeric), 0) FROM pg_temp.rows('records', d.domain, p.a, p.b,
				NULL, NULL, NULL, NULL, NULL, '100000') r) AS records
		FROM $domains CROSS JOIN $periods) x
	WHERE NOT (summary = domains AND summary = daily AND summary = sources AND summary = networks
		AND split_part(summary, ' ', 1) = records::text);
END
none 'so have all domains together' <<-END
	SELECT * FROM (
		SELECT p.a, p.b, pg_temp.total(pg_temp.ask('summary', NULL, p.a, p.b)::jsonb) AS summary,
			pg_temp.total(ARRAY(SELECT pg_temp.rows('domains', p.a, p.b, NULL, NULL, NULL, NULL, '1000'))) AS domains,
			pg_temp.total(ARRAY(SELECT pg_temp.rows('daily', NULL, p.a, p.b))) AS daily
		FROM $periods) x
	WHERE NOT (summary = domains AND summary = daily);
END
none 'the classes add up, and are those of records and addresses' <<-END
	SELECT * FROM (
		SELECT d.domain, p.a, p.b, c, ruastat_data.messages_of(c, (s ->> 'both')::numeric, (s ->> 'dkim_only')::numeric,
				(s ->> 'spf_only')::numeric, (s ->> 'neither')::numeric, (s ->> 'unknown')::numeric) AS summary,
			(SELECT coalesce(sum((r ->> 'messages')::numeric), 0) FROM pg_temp.rows('records', d.domain, p.a, p.b,
				NULL, c, NULL, NULL, NULL, '100000') r) AS records,
			(SELECT count(*) FROM pg_temp.rows('sources', d.domain, p.a, p.b, NULL, c, NULL, NULL, NULL, NULL,
				'100000')) AS sources,
			(SELECT count(DISTINCT coalesce(r.source_ip, '0.0.0.0/0')) FROM ruastat.records_daily r
			 WHERE r.domain = d.domain AND ruastat_data.is_of(c, r.dkim_aligned, r.spf_aligned) AND r.messages > 0
			   AND r.day BETWEEN (s -> 'period' ->> 'from')::date AND (s -> 'period' ->> 'to')::date) AS addresses,
			(s ->> 'messages')::numeric - (s ->> 'both')::numeric - (s ->> 'dkim_only')::numeric
				- (s ->> 'spf_only')::numeric - (s ->> 'neither')::numeric - (s ->> 'unknown')::numeric AS rest
		FROM $domains CROSS JOIN $periods CROSS JOIN $classes
		CROSS JOIN LATERAL (SELECT pg_temp.ask('summary', d.domain, p.a, p.b)::jsonb AS s) s
		WHERE d.domain IN ('example.org', 'broke.example')) x
	WHERE NOT (summary = records AND sources = addresses AND rest = 0);
END
none 'the same of one network' <<-END
	SELECT * FROM (
		SELECT p.a, p.b, w,
			(SELECT sum((r ->> 'messages')::numeric) FROM pg_temp.rows('sources', 'example.org', p.a, p.b, NULL, NULL, w) r)
				AS sources,
			(SELECT sum((r ->> 'messages')::numeric) FROM pg_temp.rows('records', 'example.org', p.a, p.b, w) r)
				AS records
		FROM $periods CROSS JOIN unnest('{192.0.2.1,192.0.2.0/24,192.0.0.0/16,2001:db8::/48}'::text[]) AS w) x
	WHERE sources IS DISTINCT FROM records;
END
none 'records_daily is what sources_daily sums' <<-END
	(SELECT domain, day, source_ip, coalesce(sum(messages), 0), coalesce(sum(messages) FILTER (WHERE dmarc_pass), 0)
	 FROM ruastat.records_daily GROUP BY 1, 2, 3
	 EXCEPT SELECT domain, day, source_ip, messages, messages_dmarc_pass FROM ruastat.sources_daily)
	UNION ALL
	(SELECT domain, day, source_ip, messages, messages_dmarc_pass FROM ruastat.sources_daily
	 EXCEPT SELECT domain, day, source_ip, coalesce(sum(messages), 0),
		coalesce(sum(messages) FILTER (WHERE dmarc_pass), 0) FROM ruastat.records_daily GROUP BY 1, 2, 3);
END
none 'report_sources and records say the same of every report' <<-END
	(SELECT domain, filed_on, report_key, source_ip, messages FROM ruastat.records
	 EXCEPT ALL SELECT domain, filed_on, report_key, source_ip, messages FROM ruastat.report_sources)
	UNION ALL
	(SELECT domain, filed_on, report_key, source_ip, messages FROM ruastat.report_sources
	 EXCEPT ALL SELECT domain, filed_on, report_key, source_ip, messages FROM ruastat.records);
END

none 'reports are counted alike, and listed with every day that they tell of' <<-END
	SELECT * FROM (
		SELECT d.domain, p.a, p.b, (s ->> 'reports')::numeric AS summary,
			(SELECT coalesce(sum((r ->> 'reports')::numeric), 0) FROM pg_temp.rows('domains', p.a, p.b, d.domain) r
			 WHERE r ->> 'domain' = d.domain) AS domains,
			(SELECT count(*) FROM pg_temp.rows('reports', d.domain, s -> 'period' ->> 'from', s -> 'period' ->> 'to',
				NULL, NULL, NULL, NULL, NULL, NULL, '1000') r WHERE (r ->> 'counted')::boolean) AS listed,
			(SELECT sum((r ->> 'reports')::numeric) FROM pg_temp.rows('daily', d.domain, p.a, p.b) r) AS daily,
			(SELECT count(*) FROM ruastat.reports_daily r WHERE r.domain = d.domain
				AND r.day BETWEEN (s -> 'period' ->> 'from')::date AND (s -> 'period' ->> 'to')::date) AS days
		FROM $domains CROSS JOIN $periods
		CROSS JOIN LATERAL (SELECT pg_temp.ask('summary', d.domain, p.a, p.b)::jsonb AS s) s
		WHERE d.domain IN ('example.org', 'broke.example', 'quiet.example')) x
	WHERE NOT (summary = domains AND summary = listed AND daily = days);
END
one="pg_temp.rows('records', 'example.org', '$(date_of 16)', '$(date_of 16)', '192.0.2.1') r"
gives "r ->> 'records', r ->> 'addresses', r ->> 'first_day', r ->> 'last_day' FROM $one" \
	"1|1|$(date_of 16)|$(date_of 16)" 'a record that covers several days is one, on each of them'
gives "sum((r ->> 'records')::int), min(r ->> 'first_day') FROM
	pg_temp.rows('records', 'example.org', NULL, NULL, '192.0.2.1') r" "2|$from" 'and one for all of them'
gives "count(*) FROM pg_temp.rows('sources', 'example.org', '$(date_of 30)', '$(date_of 20)', NULL, NULL,
	'198.51.100.9') r" 0 'a day on which a long report has none of the messages shows no source'
gives "s ->> 'sources' = (r ->> 'total') FROM (SELECT pg_temp.ask('summary', 'example.org')::json AS s,
	pg_temp.ask('sources', 'example.org')::json AS r) x" t 'sources are counted alike'

# Pages: as one table, each row once, in order.
pages()
{
	local table=$1 key=$2 sorts=$3 before=$4 step=${5:-3}

	none "$table: pages neither skip nor repeat, in every order" <<-END
		SELECT sort, direction, jsonb_array_length(pages), jsonb_array_length(whole), total
		FROM unnest('{$sorts}'::text[]) AS sort CROSS JOIN unnest('{asc,desc,NULL}'::text[]) AS direction
		CROSS JOIN LATERAL (SELECT pg_temp.pages('$table', $step, $before) AS pages,
			pg_temp.ask('$table', $before, NULL, '1000')::jsonb AS answer) x
		CROSS JOIN LATERAL (SELECT answer -> 'rows' AS whole, (answer ->> 'total')::integer AS total) y
		WHERE pages <> whole OR jsonb_array_length(whole) <> total OR total < 6
		   OR total <> (SELECT count(DISTINCT $key) FROM jsonb_array_elements(pages) AS r);
	END
}

# The values of a key are in order, nulls last.
sorted()
{
	local table=$1 sort=$2 value=$3 before=$4

	none "$table by $sort" <<-END
		SELECT direction, was, v
		FROM unnest('{asc,desc}'::text[]) AS direction
		CROSS JOIN LATERAL (
			SELECT lag(v) OVER (ORDER BY i) AS was, v, i
			FROM (SELECT $value AS v, i
				FROM (SELECT '$sort'::text AS sort) s
				CROSS JOIN jsonb_array_elements(pg_temp.ask('$table', $before, NULL, '1000')::jsonb -> 'rows')
					WITH ORDINALITY AS e(r, i)) w) x
		WHERE i > 1 AND CASE direction WHEN 'asc' THEN was > v ELSE was < v END
		   OR i > 1 AND was IS NULL AND v IS NOT NULL;
	END
}

sources="'example.org', NULL, NULL, NULL, NULL, NULL, sort, direction"
pages sources "coalesce(r ->> 'source', '')" attention,messages,source,neither,dmarc,dkim,spf,NULL "$sources"
big=$(sql "SELECT domain FROM ruastat.records GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
pages sources "r ->> 'source'" attention,source "'$big', NULL, NULL, 'network', 'no_spf', NULL, sort, direction" 40
sorted sources attention "(r ->> 'attention')::numeric" "$sources"
sorted sources spf "(r ->> 'spf_percent')::numeric" "$sources"
sorted sources source "(r ->> 'source')::inet" "$sources"
sorted sources source "(r ->> 'source')::inet" "'$big', NULL, NULL, 'network', NULL, NULL, sort, direction"
domains="NULL, NULL, NULL, sort, direction"
pages domains "r ->> 'domain'" domain,messages,dmarc,dkim,spf,change,last_report,NULL "$domains"
sorted domains domain "(r ->> 'domain') COLLATE \"C\"" "$domains"
sorted domains dmarc "(r ->> 'dmarc_percent')::numeric" "$domains"
sorted domains change "(r ->> 'dmarc_change')::numeric" "$domains"
sorted domains last_report "r ->> 'last_report_at'" "$domains"
reports="'example.org', NULL, NULL, NULL, NULL, NULL, sort, direction"
pages reports "r ->> 'report_key'" day,messages,records,NULL "$reports"
pages reports "r ->> 'report_key'" day,messages "NULL, '$(date_of 12)', NULL, NULL, NULL, NULL, sort, direction"
sorted reports records "(r ->> 'records')::numeric" "$reports"
pages records "r" NULL "'$big', NULL, NULL, NULL, NULL, NULL, NULL" 20
pages records "r" NULL "'nordwind.example', NULL, NULL, NULL, NULL, NULL, NULL"
why=$(sql "SELECT format('%L, %L, %L', domain, filed_on, report_key) FROM ruastat.reports WHERE report_id = 'why'")
pages report_records "r ->> 'n'" NULL "$why, NULL, NULL"
for key in x 5 : 5: 5:x "';" NaN:; do
	key=${key//\'/\'\'}
	for call in "'sources', 'example.org', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '$key'" \
		"'records', 'example.org', NULL, NULL, NULL, NULL, NULL, NULL, '$key'" \
		"'reports', 'example.org', NULL, NULL, NULL, NULL, NULL, NULL, NULL, '$key'"; do
		fails 22 "pg_temp.ask($call)" "a cursor that is none: $call"
	done
done
fails 22 "pg_temp.ask('domains', NULL, NULL, NULL, NULL, NULL, 'x:')" 'nor is this for domains'
fails 22 "pg_temp.ask('report_records', $why, NULL, NULL, '5:')" 'nor this for the records of a report'
fails 22 "pg_temp.ask('report', 'example.org', '$from', 'x')" 'nor is this a key of a report'

# What is not there.
none 'a domain that no report told of is not found' <<-END
	SELECT n FROM unnest('{summary,daily,sources,records,selectors,reports}'::text[]) AS n
	WHERE pg_temp.ask(n, 'unheard.example') IS NOT NULL;
	SELECT n FROM unnest('{report,report_records,report_original}'::text[]) AS n
	WHERE pg_temp.ask(n, 'example.org', '$from', '00000000-0000-0000-0000-000000000000') IS NOT NULL;
END
none 'one without rows in the period is' <<-END
	SELECT n, pg_temp.ask(n, 'Example.ORG.', '2020-01-01', '2020-01-31')
	FROM unnest('{sources,records,selectors,reports}'::text[]) AS n
	WHERE pg_temp.ask(n, 'Example.ORG.', '2020-01-01', '2020-01-31') NOT LIKE '{"rows" : [], "total" : 0, "next" : null%';
	SELECT s FROM pg_temp.ask('summary', 'quiet.example') AS s
	WHERE s NOT LIKE '%"domain":"quiet.example","messages":0,%"dmarc_percent":null,%"reports":1,%"p" : "reject"%';
	SELECT s FROM pg_temp.ask('daily', 'quiet.example', '2020-01-01', '2020-01-31') AS s
	WHERE json_array_length(s::json -> 'rows') <> 31 OR s::json -> 'rows' -> 30 ->> 'day' <> '2020-01-31';
END
fails 22 "pg_temp.ask('daily', NULL, '2000-01-01', '$to')" 'more than 1,100 days are refused'
gives "count(*) FROM pg_temp.rows('daily', NULL, '2017-01-01', '2020-01-05')" 1100 '1,100 are not'
gives "string_agg(r ->> 'domain', ' ') FROM pg_temp.rows('domains', NULL, NULL, 'UIET.ex') r" quiet.example \
	'search: part of a domain'
gives "count(*) FROM unnest('{%,_,quiet_example}'::text[]) AS w, pg_temp.rows('domains', NULL, NULL, w) r" 0 \
	'taken literally'
gives "string_agg(r ->> 'report_id', ' ' ORDER BY r ->> 'day') FROM pg_temp.rows('reports', 'example.org', NULL, NULL,
	'slow.example', NULL, 'ON') r" long 'reports: of one reporter, with part of its id'
gives "string_agg(r ->> 'report_id', ' ') FROM pg_temp.rows('reports', 'example.org', NULL, NULL, NULL,
	'198.51.100.0/24') r" long 'with an address'
gives "r ->> 'report_id', r ->> 'day', r ->> 'dmarc_pass' FROM pg_temp.rows('reports', 'example.org', NULL, NULL,
	NULL, NULL, 'year') r" 'year||40' 'also one outside the daily numbers'
gives "count(*) FROM pg_temp.rows('reports', 'example.org', '2012-01-01', NULL, NULL, NULL, 'year')" 0 \
	'which no day has'
gives "r ->> 'counted', r ->> 'messages', r ->> 'dmarc_pass', r ->> 'dmarc_percent'
	FROM pg_temp.rows('reports', 'example.org', NULL, NULL, NULL, NULL, 'twice', 'messages') r" \
	'true|9|9|100.0
false|5||' 'and a revision that does not count, without sums'

# Shapes: the keys and their order are what CSV has for a head.
sums="messages dmarc_pass dkim_aligned spf_aligned both dkim_only spf_only neither unknown none quarantine reject \
dmarc_percent dkim_percent spf_percent"
changes='dmarc_change dkim_change spf_change messages_change_percent'
keys()
{
	session <<<"SELECT pg_temp.ask($1)" >"$work/out"
	is "$(jq -r "$2 | keys_unsorted | join(\" \")" "$work/out")" "$3" "keys of $1 $2"
}
page=", '$from', '$to'"
keys "'summary', 'example.org'" . "period domain $sums $changes domains sources reports reporters first_day last_day \
last_report_at policy"
keys "'summary', 'example.org'" .policy 'p sp np adkim aspf pct fo testing seen_on reporter'
keys "'domains'" . 'rows total next period'
keys "'domains'" '.rows[0]' "domain $sums $changes p sp reports last_report_at daily"
keys "'domains'" '.rows[0].daily[0]' 'day messages dmarc_pass'
keys "'daily', 'example.org'$page" . 'rows total next period'
keys "'daily', 'example.org'$page" '.rows[0]' "day reports $sums"
keys "'sources', 'example.org'$page" . 'rows total next period'
keys "'sources', 'example.org'$page" '.rows[0]' "source network addresses $sums attention first_day last_day"
keys "'records', 'example.org'$page" . 'rows total next period'
keys "'records', 'example.org'$page" '.rows[0]' "header_from envelope_from dkim spf dkim_aligned spf_aligned disposition \
reasons reporter messages records addresses first_day last_day why dkim_recomputed spf_recomputed \
recomputed_by effective_override"
keys "'records', 'example.org'$page, '192.0.2.2'" '.rows[0].spf[0]' 'domain scope result'
keys "'records', 'example.org'$page, '192.0.2.1'" '.rows[0].dkim[0]' 'domain selector result'
keys "'selectors', 'broke.example'" . 'rows total next period'
keys "'selectors', 'broke.example'" '.rows[0]' "dkim_domain selector aligned messages pass pass_percent first_day last_day \
broke_on daily"
keys "'selectors', 'broke.example'" '.rows[0].daily[0]' 'day messages pass'
row='domain filed_on report_key day reporter report_id begin_at end_at records messages dmarc_pass dmarc_percent counted'
keys "'reports'" . 'rows total next'
keys "'reports'" '.rows[0]' "$row quirks"
keys "'report', $why" . "$row dkim_aligned spf_aligned both dkim_only spf_only neither unknown none quarantine reject \
dkim_percent spf_percent days org_name email extra_contact_info error generator version xml_namespace partial records_checked \
records_disagreeing policy quirks mail original"
keys "'report', $why" .policy 'p sp np adkim aspf pct fo testing discovery_method'
keys "'report', $why" .mail 'intake_id name source read_at message_id from_domain'
keys "'report', $why" .original 'bytes kind'
one=$(sql "SELECT format('%L, %L, %L', domain, filed_on, report_key) FROM ruastat.reports WHERE report_id = 'one'")
keys "'report', $one" '.quirks[0]' 'rule detail'
keys "'report_records', $why" . 'rows total next'
keys "'report_records', $why" '.rows[0]' "n source messages disposition dkim_aligned spf_aligned header_from envelope_from \
envelope_to dkim spf reasons why raw_source_ip raw_disposition raw_dkim_aligned raw_spf_aligned \
dkim_recomputed spf_recomputed recomputed_by effective_override"
keys "'report_records', $why" '.rows[2].dkim[0]' 'domain selector result raw_result human_result'
none 'a table begins with its rows' <<-END
	SELECT n FROM unnest('{domains,daily,reports}'::text[]) AS n WHERE pg_temp.ask(n) NOT LIKE '{"rows" : [{%'
	UNION ALL
	SELECT n FROM unnest('{sources,records,selectors}'::text[]) AS n
	WHERE pg_temp.ask(n, 'example.org') NOT LIKE '{"rows" : [{%';
END
gives "r ->> 'source', r ->> 'network', r ->> 'addresses', r ->> 'messages' FROM
	pg_temp.rows('sources', 'example.org', '$(date_of 9)', '$(date_of 9)') r" \
	'192.0.2.2|192.0.2.0/24|1|2
192.0.3.7|192.0.3.0/24|1|5
2001:db8::1|2001:db8::/48|1|1
||0|3
192.0.2.1|192.0.2.0/24|1|6' 'sources: what wants attention first, then no address'
gives "r ->> 'source', r ->> 'addresses', r ->> 'messages', r ->> 'attention' FROM
	pg_temp.rows('sources', 'example.org', '$(date_of 9)', '$(date_of 9)', 'network', NULL, NULL, 'messages') r" \
	'192.0.2.0/24|2|8|2
192.0.3.0/24|1|5|1.25
|0|3|0.15
2001:db8::/48|1|1|1' 'by network'
gives "r ->> 'reasons', r ->> 'dkim' FROM pg_temp.rows('records', 'example.org', '$(date_of 9)', '$(date_of 9)', NULL,
	'both') r" '[{"arc": null, "type": "forwarded", "comment": "x"}, {"arc": null, "type": "gremlins", "comment": null}]|'\
'[{"domain": "example.org", "result": "pass", "selector": "s1"}]' 'records: reasons, words that nobody knows included'
gives "r ->> 'source', r ->> 'raw_source_ip', r ->> 'dkim_aligned', r ->> 'raw_dkim_aligned'
	FROM ruastat.reports t, pg_temp.rows('report_records', t.domain, t.filed_on::text, t.report_key::text) r
	WHERE t.report_id = 'one' AND (r ->> 'n')::int > 3" '2001:db8::1|||unheard
|nowhere|pass|' "a report's records, with what was not understood"
gives "a ->> 'messages', a ->> 'unknown', a ->> 'days', a -> 'policy' ->> 'p', a -> 'mail' ->> 'name',
	a -> 'original' ->> 'kind' FROM ruastat.reports t
	CROSS JOIN LATERAL (SELECT pg_temp.ask('report', t.domain, t.filed_on::text, t.report_key::text)::json AS a) x
	WHERE t.report_id = 'one'" '17|1|1|reject|one.xml|gzip' 'a report'
session >"$work/out" <<-END
	\\t on
	\\pset format unaligned
	SET ROLE ruastat_dashboard;
	PREPARE original AS $(cat sql/api/report_original.sql);
	SELECT format('EXECUTE original(%L, %L, %L)', domain, filed_on, report_key) FROM ruastat.reports
	WHERE report_id = 'one' \\gexec
END
cut -d '|' -f 1 "$work/out" | cut -c 3- | tr -d '\n' | tr a-f A-F | basenc -d --base16 | gunzip >"$work/original.xml"
same "$work/original.xml" "$work/mail/one.xml" "report/original: the document's bytes"
is "$(cut -d '|' -f 2 "$work/out")" gzip 'and their kind'

# Selectors.
gives "r ->> 'dkim_domain', r ->> 'selector', r ->> 'aligned', r ->> 'messages', r ->> 'pass', r ->> 'pass_percent',
	r ->> 'first_day', r ->> 'last_day', r ->> 'broke_on', jsonb_array_length(r -> 'daily')
	FROM pg_temp.rows('selectors', 'broke.example') r" \
	"broke.example|k|true|41|9|22.0|$(date_of 5)|$(date_of 1)|$(date_of 3)|5
list.example|l|false|9|9|100.0|$(date_of 5)|$(date_of 1)||5
mail.broke.example||true|5|5|100.0|$(date_of 5)|$(date_of 1)||5" 'selectors: a key that broke, and one below the domain'
gives "count(*), sum((r ->> 'messages')::int) FROM pg_temp.rows('records', 'broke.example', NULL, NULL, NULL, NULL, NULL,
	'l') r" '1|9' 'records: signed with one key'

# Why, by the messages of each record.
h=news.nordwind.example
session >"$work/out" <<-END
	SELECT r ->> 'messages', r ->> 'why' FROM pg_temp.rows('report_records', $why) r ORDER BY (r ->> 'n')::int;
END
is "$(cat "$work/out")" "1|DKIM: no signature; SPF: no result in the report.
2|DKIM: no signature; SPF: no SPF record for nordwind.example.
3|DKIM: the signature of nordwind.example (selector s1) failed; SPF: softfail for $h.
4|DKIM: the signature of $h did not pass (permerror); spf=pass for bounce.sendwerk.example is not aligned with $h.
5|dkim=pass for sendwerk.example (selector s2048) is not aligned with $h; SPF: temperror for $h.
6|dkim=pass for sendwerk.example (selector a) is not aligned with $h; SPF: no result in the report.
7|DKIM: no signature of $h, and that of sendwerk.example (selector a) failed; SPF: the reporter says fail, yet spf=pass \
for a.$h is aligned with $h.
8|DKIM: the reporter says fail, yet dkim=pass for $h, x.$h is aligned with $h; SPF: no known result for x.example.
9|dkim=pass for a.example, b.example, c.example and 2 more is not aligned with $h.
10|DKIM: the signature of $h (selector a) and $h (selector b) did not pass.
11|DKIM: the reporter says pass, yet nothing passed; spf=pass for bounce.example is not aligned with $h.
12|DKIM: the reporter says pass, yet nothing passed; SPF: neutral for mx.$h (HELO).
13|DKIM and SPF: the report does not say.
14|DKIM: the report does not say; SPF: fail for bounce.example.
15|DKIM: no signature of news.nordwind.example, and that of other.example failed; SPF: the report does not say.
16|
17|DKIM: the signature of other.example (selector a) failed; spf=pass for other.example is not aligned.
18|DKIM: the reporter says pass, yet nothing passed; SPF: fail for a.example, fail for b.example, fail for c.example \
and 1 more.
19|DKIM: the signature of $h (selector a) did not pass (neutral).
20|DKIM: no signature of $h, and that of news-nordwind.example (selector a) failed.
21|DKIM: passed for an unnamed domain (selector a), yet the reporter does not count it as aligned; SPF: passed for an \
unnamed domain, yet the reporter does not count it as aligned." 'why there was no aligned pass'
none 'records give the same reasons' <<-END
	SELECT r ->> 'messages', r ->> 'why' FROM pg_temp.rows('records', 'nordwind.example') r
	EXCEPT SELECT r ->> 'messages', r ->> 'why' FROM pg_temp.rows('report_records', $why) r;
END
session >"$work/out" <<-END
	RESET ROLE;
	SET ROLE ruastat_reader;
	SELECT bool_and((why IS NULL) = coalesce(dkim_aligned = 'pass' AND spf_aligned = 'pass', false)) FROM ruastat.records;
	SELECT bool_and(why ~ '^(DKIM and SPF: [^;]*|(DKIM: |dkim=)[^;]*|((DKIM: |dkim=)[^;]*; )?(SPF: |spf=)[^;]*)[.]\$') FROM ruastat.records_daily;
END
is "$(cat "$work/out")" 't
t' 'whoever may read the views may read them'

# The role.
for table in report record_block domain domain_day original kept; do
	fails 42501 "count(*) FROM ruastat_data.$table" "no right to ruastat_data.$table"
done
fails 42501 "ruastat_data.add_report(1, '$to', '00000000-0000-0000-0000-000000000000', 1)" 'nor to change the sums'
none 'bodies of functions are read when they are made' <<-END
	SELECT proname FROM pg_proc
	WHERE pronamespace = 'ruastat_data'::regnamespace AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'sql')
	  AND prosqlbody IS NULL AND NOT proname IN ('dmarc_pass', 'apportion', 'worst_outcome', 'revision_key', 'add_report');
END
done_testing
