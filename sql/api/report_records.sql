-- A table: the records of one report, in its order.
-- $1 text: domain  $2 date: the day it is filed under  $3 uuid: its key  $4 text: result, or NULL
-- $5 inet: within, or NULL  $6 integer: after, or NULL  $7 integer: limit, or NULL
WITH found AS NOT MATERIALIZED (
    SELECT * FROM ruastat.records
    WHERE domain = lower(rtrim($1, '.')) AND filed_on = $2::date AND report_key = $3::uuid
      AND ($4::text IS NULL OR ruastat_data.is_of($4, dkim_aligned, spf_aligned))
      AND ($5::inet IS NULL OR source_ip <<= $5::inet)
), cut AS (
    SELECT * FROM found
    WHERE $6::integer IS NULL OR n > $6::integer
    ORDER BY n
    LIMIT coalesce($7::integer, 100) + 1
), page AS (
    SELECT *, row_number() OVER w AS i, lead(true) OVER w AS more FROM cut
    WINDOW w AS (ORDER BY n)
), line AS (
    SELECT p.n, p.i, p.more, body, sum(octet_length(body::text)) OVER (ORDER BY p.i) AS bytes
    FROM page p
    CROSS JOIN LATERAL (
        SELECT row_to_json(r) AS body
        FROM (SELECT p.n, p.source_ip AS source, p.messages, p.disposition, p.dkim_aligned, p.spf_aligned,
                     p.header_from, p.envelope_from, p.envelope_to, to_json(coalesce(p.dkim, '{}')) AS dkim,
                     to_json(coalesce(p.spf, '{}')) AS spf, ruastat_data.as_json(p.reasons) AS reasons, p.why,
                     p.raw_source_ip, p.raw_disposition, p.raw_dkim_aligned, p.raw_spf_aligned,
                     p.dkim_recomputed, p.spf_recomputed, p.recomputed_by, p.effective_override) r) b
    WHERE p.i <= coalesce($7::integer, 100)
), kept AS (
    SELECT * FROM line WHERE i = 1 OR bytes <= ruastat_data.page_bytes($7::integer)
)
SELECT json_build_object(
    'rows', (SELECT coalesce(json_agg(body ORDER BY i), '[]') FROM kept),
    'total', (SELECT count(*) FROM found),
    'next', (SELECT CASE WHEN more THEN n::text END FROM kept ORDER BY i DESC LIMIT 1)) AS body
WHERE EXISTS (
    SELECT FROM ruastat.reports
    WHERE domain = lower(rtrim($1, '.')) AND filed_on = $2::date AND report_key = $3::uuid)
