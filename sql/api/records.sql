-- A table: what reports told of a domain's messages in a period.  Records that say the same, whichever
-- address they are about, make one row.
-- $1 text: domain  $2 date: from, or NULL  $3 date: to, or NULL  $4 inet: within, or NULL
-- $5 text: result, or NULL  $6 text: reporter, or NULL  $7 text: selector, or NULL
-- $8 text: after, or NULL  $9 integer: limit, or NULL
WITH period AS (
    SELECT * FROM ruastat_data.period($2::date, $3::date)
), record AS MATERIALIZED (
    SELECT r.said_key, r.dkim_aligned, r.spf_aligned, r.dkim_recomputed, r.spf_recomputed, r.recomputed_by,
           r.effective_override, r.disposition, r.reporter, r.source_ip, r.messages,
           r.day, r.first_day, r.header_from, r.envelope_from, r.dkim, r.spf, r.reasons
    FROM ruastat.records_daily r
    WHERE r.domain = lower(rtrim($1, '.'))
      AND r.day BETWEEN coalesce($2::date, (SELECT from_day FROM period))
                    AND coalesce($3::date, (SELECT to_day FROM period))
      AND ($4::inet IS NULL OR r.source_ip <<= $4::inet)
      AND ($5::text IS NULL OR ruastat_data.is_of($5, r.dkim_aligned, r.spf_aligned))
      AND ($6::text IS NULL OR r.reporter = $6)
      AND ($7::text IS NULL OR EXISTS (SELECT FROM unnest(r.dkim) k WHERE k.selector = $7))
), address AS (
    SELECT r.said_key, r.dkim_aligned, r.spf_aligned, r.dkim_recomputed, r.spf_recomputed, r.recomputed_by,
           r.effective_override, r.disposition, r.reporter, r.source_ip,
           sum(r.messages) AS messages,
           count(*) FILTER (WHERE r.day = greatest(r.first_day, p.from_day)) AS records,
           min(r.day) FILTER (WHERE r.messages > 0) AS first_day,
           max(r.day) FILTER (WHERE r.messages > 0) AS last_day
    FROM record r
    CROSS JOIN period p
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    HAVING sum(r.messages) > 0
), said AS (
    SELECT said_key, dkim_aligned, spf_aligned, dkim_recomputed, spf_recomputed, recomputed_by,
           effective_override, disposition, reporter, sum(messages) AS messages,
           sum(records) AS records, count(source_ip) AS addresses, min(first_day) AS first_day,
           max(last_day) AS last_day
    FROM address
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
), sorted AS (
    SELECT s.*, CASE WHEN ruastat_data.dmarc_pass(dkim_aligned, spf_aligned) THEN 1 ELSE 0 END AS passed,
           ruastat_data.sort_number(messages, true) AS sort_number,
           hash_record_extended(ROW(said_key, dkim_aligned, spf_aligned, dkim_recomputed, spf_recomputed,
               recomputed_by, effective_override, disposition, reporter), 0) AS tie
    FROM said s
), cut AS (
    SELECT * FROM sorted
    WHERE $8::text IS NULL
       OR (passed, sort_number, tie) > (ruastat_data.page_number($8),
           ruastat_data.page_number(ruastat_data.page_tie($8)),
           ruastat_data.page_tie(ruastat_data.page_tie($8))::bigint)
    ORDER BY passed, sort_number, tie
    LIMIT coalesce($9::integer, 100) + 1
), page AS (
    SELECT *, row_number() OVER w AS n, lead(true) OVER w AS more FROM cut
    WINDOW w AS (ORDER BY passed, sort_number, tie)
), words AS (
    SELECT DISTINCT ON (said_key) said_key, header_from, envelope_from, dkim, spf, reasons
    FROM record
    WHERE said_key IN (SELECT said_key FROM page)
), line AS (
    SELECT p.n, p.more, ruastat_data.page_key(p.passed, ruastat_data.page_key(p.sort_number, p.tie::text)) AS key,
           body, sum(octet_length(body::text)) OVER (ORDER BY p.n) AS bytes
    FROM page p
    JOIN words w ON w.said_key = p.said_key
    CROSS JOIN LATERAL (
        SELECT row_to_json(r) AS body
        FROM (SELECT w.header_from, w.envelope_from, ruastat_data.as_json(w.dkim) AS dkim,
                     ruastat_data.as_json(w.spf) AS spf, p.dkim_aligned, p.spf_aligned, p.disposition,
                     ruastat_data.as_json(w.reasons) AS reasons, p.reporter, p.messages, p.records,
                     p.addresses, p.first_day, p.last_day,
                     ruastat_data.why(w.header_from, p.dkim_aligned, p.spf_aligned, p.dkim_recomputed,
                         p.spf_recomputed, w.dkim, w.spf) AS why,
                     p.dkim_recomputed, p.spf_recomputed, p.recomputed_by, p.effective_override) r) b
    WHERE p.n <= coalesce($9::integer, 100)
), kept AS (
    SELECT * FROM line WHERE n = 1 OR bytes <= ruastat_data.page_bytes($9::integer)
)
SELECT json_build_object(
    'rows', (SELECT coalesce(json_agg(body ORDER BY n), '[]') FROM kept),
    'total', (SELECT count(*) FROM said),
    'next', (SELECT CASE WHEN more THEN key END FROM kept ORDER BY n DESC LIMIT 1),
    'period', (SELECT json_build_object('from', from_day, 'to', to_day) FROM period)) AS body
WHERE ruastat_data.known($1)
