-- What the numbers on the dashboard's pages and in the tables of the command line mean.

-- The newest day that has sums.  Whoever may ask for a period may know it, hence the owner's rights:
-- in a view the day would be joined with its domain, out of the index's reach.
CREATE OR REPLACE FUNCTION ruastat_data.newest_day()
RETURNS date LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog
BEGIN ATOMIC
    SELECT max(day) FROM ruastat_data.domain_day;
END;

-- The period that is asked for, both ends inclusive.  What is not given is made of the newest day there
-- is: 30 days up to it.  NULL where there is neither.
CREATE OR REPLACE FUNCTION ruastat_data.period(since date, until date)
RETURNS TABLE (from_day date, to_day date)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT coalesce(since, newest.day - 29), newest.day
    FROM (SELECT coalesce(until, greatest(ruastat_data.newest_day(), since)) AS day) newest;
END;

-- Whether any report ever told of the domain.
CREATE OR REPLACE FUNCTION ruastat_data.known(domain_name text)
RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM ruastat_data.domain d
        JOIN ruastat_data.report r ON r.domain_id = d.domain_id
        WHERE d.name = lower(rtrim(domain_name, '.')));
END;

CREATE OR REPLACE FUNCTION ruastat_data.percent(part numeric, whole numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT round(100 * part / nullif(whole, 0), 1);
END;

-- Sums in the words of dashboard/API.md, with what follows from them: the classes both to unknown add up
-- to the messages.  NULL, the sum of no rows, is 0.
CREATE OR REPLACE FUNCTION ruastat_data.sums(all_messages numeric, messages_dmarc_pass numeric,
    messages_dkim_aligned numeric, messages_spf_aligned numeric, messages_unknown numeric,
    messages_none numeric, messages_quarantine numeric, messages_reject numeric)
RETURNS TABLE (messages numeric, dmarc_pass numeric, dkim_aligned numeric, spf_aligned numeric,
    "both" numeric, dkim_only numeric, spf_only numeric, neither numeric, unknown numeric,
    "none" numeric, quarantine numeric, reject numeric,
    dmarc_percent numeric, dkim_percent numeric, spf_percent numeric)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT coalesce(all_messages, 0), coalesce(messages_dmarc_pass, 0),
           coalesce(messages_dkim_aligned, 0), coalesce(messages_spf_aligned, 0),
           coalesce(messages_dkim_aligned + messages_spf_aligned - messages_dmarc_pass, 0),
           coalesce(messages_dmarc_pass - messages_spf_aligned, 0),
           coalesce(messages_dmarc_pass - messages_dkim_aligned, 0),
           coalesce(all_messages - messages_dmarc_pass - messages_unknown, 0),
           coalesce(messages_unknown, 0), coalesce(messages_none, 0),
           coalesce(messages_quarantine, 0), coalesce(messages_reject, 0),
           ruastat_data.percent(messages_dmarc_pass, all_messages),
           ruastat_data.percent(messages_dkim_aligned, all_messages),
           ruastat_data.percent(messages_spf_aligned, all_messages);
END;

-- The messages of one class (see dashboard/API.md, result), out of the sums.
CREATE OR REPLACE FUNCTION ruastat_data.messages_of(class text, "both" numeric, dkim_only numeric,
    spf_only numeric, neither numeric, unknown numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE class
        WHEN 'both' THEN "both"
        WHEN 'dkim_only' THEN dkim_only
        WHEN 'spf_only' THEN spf_only
        WHEN 'neither' THEN neither
        WHEN 'unknown' THEN unknown
        WHEN 'no_dkim' THEN spf_only + neither + unknown
        WHEN 'no_spf' THEN dkim_only + neither + unknown
        WHEN 'no_dmarc' THEN neither + unknown
        WHEN 'no_dmarc' THEN neither + unknown
    END;
END;

-- The same for one record: whether it is of the class.
CREATE OR REPLACE FUNCTION ruastat_data.is_of(class text, dkim ruastat.verdict, spf ruastat.verdict)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE class
        WHEN 'both' THEN dkim = 'pass' AND spf = 'pass'
        WHEN 'dkim_only' THEN dkim = 'pass' AND spf IS DISTINCT FROM 'pass'
        WHEN 'spf_only' THEN spf = 'pass' AND dkim IS DISTINCT FROM 'pass'
        WHEN 'neither' THEN dkim = 'fail' AND spf = 'fail'
        WHEN 'unknown' THEN ruastat_data.dmarc_pass(dkim, spf) IS NULL
        WHEN 'no_dkim' THEN dkim IS DISTINCT FROM 'pass'
        WHEN 'no_spf' THEN spf IS DISTINCT FROM 'pass'
        WHEN 'no_dmarc' THEN ruastat_data.dmarc_pass(dkim, spf) IS NOT TRUE
        WHEN 'no_dmarc' THEN ruastat_data.dmarc_pass(dkim, spf) IS NOT TRUE
    END;
END;

-- How much a source wants looking at: its messages, weighted by what may happen to them.  SPF alone
-- breaks wherever mail is forwarded; DKIM alone mostly arrives.
CREATE OR REPLACE FUNCTION ruastat_data.attention(dkim_only numeric, spf_only numeric, neither numeric,
    unknown numeric)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT trim_scale(neither + unknown + spf_only / 4 + dkim_only / 20);
END;

-- The network that an address is listed under: /24 of IPv4, /48 of IPv6.
CREATE OR REPLACE FUNCTION ruastat_data.network_of(address inet)
RETURNS inet LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT network(set_masklen(address, CASE family(address) WHEN 4 THEN 24 ELSE 48 END))::inet;
END;

-- Whether one domain is the other or below it, whichever is above.
CREATE OR REPLACE FUNCTION ruastat_data.related(a text, b text)
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT lower(a) = lower(b)
        OR right(lower(a), length(b) + 1) = '.' || lower(b)
        OR right(lower(b), length(a) + 1) = '.' || lower(a);
END;

-- The UTC days from and up to which a report tells of mail; NULL outside the daily numbers.
CREATE OR REPLACE FUNCTION ruastat_data.first_day(day date, days smallint, begin_at timestamptz)
RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN days > 1 THEN (begin_at AT TIME ZONE 'UTC')::date WHEN days = 1 THEN day END;
END;
CREATE OR REPLACE FUNCTION ruastat_data.last_day(day date, days smallint, end_at timestamptz)
RETURNS date LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN days > 1 THEN (end_at AT TIME ZONE 'UTC' - interval '1 second')::date
        WHEN days = 1 THEN day
    END;
END;

-- Results without what reporters add in their own words.  Mostly there is one, where this takes half a
-- microsecond.
CREATE OR REPLACE FUNCTION ruastat_data.bare_each(results ruastat.dkim_result[])
RETURNS ruastat.dkim_result[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT ARRAY(SELECT ROW(r.domain, r.selector, r.result, NULL, NULL)::ruastat.dkim_result
                 FROM unnest(results) r);
END;
CREATE OR REPLACE FUNCTION ruastat_data.bare_each(results ruastat.spf_result[])
RETURNS ruastat.spf_result[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT ARRAY(SELECT ROW(r.domain, r.scope, r.result, NULL, NULL)::ruastat.spf_result
                 FROM unnest(results) r);
END;
CREATE OR REPLACE FUNCTION ruastat_data.bare(results ruastat.dkim_result[])
RETURNS ruastat.dkim_result[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE cardinality(results)
        WHEN 0 THEN results
        WHEN 1 THEN ARRAY[ROW(results[1].domain, results[1].selector, results[1].result, NULL,
            NULL)::ruastat.dkim_result]
        ELSE ruastat_data.bare_each(results)
    END;
END;
CREATE OR REPLACE FUNCTION ruastat_data.bare(results ruastat.spf_result[])
RETURNS ruastat.spf_result[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE cardinality(results)
        WHEN 0 THEN results
        WHEN 1 THEN ARRAY[ROW(results[1].domain, results[1].scope, results[1].result, NULL,
            NULL)::ruastat.spf_result]
        ELSE ruastat_data.bare_each(results)
    END;
END;

-- The same for the pages.  A reason's word that is not known stands as it was written.
CREATE OR REPLACE FUNCTION ruastat_data.as_json(results ruastat.dkim_result[])
RETURNS json LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(json_agg(json_build_object('domain', r.domain, 'selector', r.selector,
               'result', r.result) ORDER BY r.i), '[]')
    FROM unnest(results) WITH ORDINALITY AS r(domain, selector, result, raw_result, human_result, i);
END;
CREATE OR REPLACE FUNCTION ruastat_data.as_json(results ruastat.spf_result[])
RETURNS json LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(json_agg(json_build_object('domain', r.domain, 'scope', r.scope,
               'result', r.result) ORDER BY r.i), '[]')
    FROM unnest(results) WITH ORDINALITY AS r(domain, scope, result, raw_result, human_result, i);
END;
CREATE OR REPLACE FUNCTION ruastat_data.as_json(reasons ruastat.override_reason[])
RETURNS json LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(json_agg(json_build_object('type', coalesce(r.type::text, r.raw_type),
               'comment', r.comment,
               'arc', CASE WHEN r.arc IS NOT NULL THEN json_build_object('verdict', r.arc, 'hops', r.arc_hops,
                   'sealer', r.arc_sealer, 'source', host(r.arc_source_ip)) END) ORDER BY r.i), '[]')
    FROM unnest(reasons) WITH ORDINALITY AS r(type, raw_type, comment, arc, arc_hops, arc_sealer,
        arc_source_ip, i);
END;

-- A time as dashboard/API.md writes it.
CREATE OR REPLACE FUNCTION ruastat_data.utc(at timestamptz)
RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
END;

-- Pages of a table are cut by key: rows come in the order of a number, smallest first, then of a tie key
-- that no two rows share; "number:tie" is where the next page goes on.

-- The number to sort a value by: what has none comes last both ways.
CREATE OR REPLACE FUNCTION ruastat_data.sort_number(v numeric, descending boolean)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(CASE WHEN descending THEN -v ELSE v END, 'Infinity');
END;

CREATE OR REPLACE FUNCTION ruastat_data.page_key(sort_number numeric, tie text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT sort_number::text || ':' || tie;
END;

-- The two parts of such a key; one that is none is an error (22P02).
CREATE OR REPLACE FUNCTION ruastat_data.page_number(key text)
RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE strpos(key, ':') WHEN 0 THEN key || ':' ELSE split_part(key, ':', 1) END::numeric;
END;
CREATE OR REPLACE FUNCTION ruastat_data.page_tie(key text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT substr(key, strpos(key, ':') + 1);
END;

-- How many bytes of JSON a page of so many rows may have: strangers' records may hold 128 results with 4 kB
-- of explanation each.  At least one row is always given.  More rows than a page has are a CSV.
CREATE OR REPLACE FUNCTION ruastat_data.page_bytes(rows integer)
RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN rows > 1000 THEN 64 ELSE 4 END << 20;
END;
