-- A table: reports.  One that lost against another revision is there, too (counted is false); one outside
-- the daily numbers is left out where days are asked for.
-- $1 text: domain, or NULL for all  $2 date: from, or NULL  $3 date: to, or NULL
-- $4 text: reporter, or NULL  $5 inet: within, or NULL  $6 text: part of the report id, or NULL
-- $7 text: sort, or NULL  $8 text: asc, desc or NULL  $9 text: after, or NULL  $10 integer: limit, or NULL
-- A report is filed at most 17 days from any that it tells of.
WITH heard AS MATERIALIZED (
    SELECT DISTINCT report_key FROM ruastat.report_sources
    WHERE ($1::text IS NULL OR domain = lower(rtrim($1, '.')))
      AND ($2::date IS NULL OR filed_on >= $2::date - 17)
      AND ($3::date IS NULL OR filed_on <= $3::date + 17)
      AND source_ip <<= $5::inet
), found AS NOT MATERIALIZED (
    SELECT r.domain, r.filed_on, r.report_key, r.messages, r.records
    FROM ruastat.reports r
    WHERE ($1::text IS NULL OR r.domain = lower(rtrim($1, '.')))
      AND ($2::date IS NULL
           OR r.filed_on >= $2::date - 17 AND ruastat_data.last_day(r.day, r.days, r.end_at) >= $2::date)
      AND ($3::date IS NULL
           OR r.filed_on <= $3::date + 17 AND ruastat_data.first_day(r.day, r.days, r.begin_at) <= $3::date)
      AND ($4::text IS NULL OR r.reporter = $4)
      AND ($5::inet IS NULL OR r.report_key IN (SELECT report_key FROM heard))
      AND ($6::text IS NULL OR strpos(lower(r.report_id), lower($6)) > 0)
), sorted AS NOT MATERIALIZED (
    SELECT f.domain, f.filed_on, f.report_key, ruastat_data.sort_number(CASE coalesce($7, 'day')
               WHEN 'day' THEN f.filed_on - '2000-01-01'::date
               WHEN 'messages' THEN f.messages
               WHEN 'records' THEN f.records
           END, coalesce($8, 'desc') = 'desc') AS sort_number
    FROM found f
), cut AS (
    SELECT * FROM sorted
    WHERE $9::text IS NULL
       OR (sort_number, report_key) > (ruastat_data.page_number($9), ruastat_data.page_tie($9)::uuid)
    ORDER BY sort_number, report_key
    LIMIT coalesce($10::integer, 100) + 1
), page AS (
    SELECT *, row_number() OVER w AS n, lead(true) OVER w AS more FROM cut
    WINDOW w AS (ORDER BY sort_number, report_key)
)
SELECT json_build_object(
    'rows', (
        SELECT coalesce(json_agg(body ORDER BY p.n), '[]')
        FROM page p
        CROSS JOIN LATERAL (
            SELECT * FROM ruastat.reports r
            WHERE r.domain = p.domain AND r.filed_on = p.filed_on AND r.report_key = p.report_key) r
        CROSS JOIN LATERAL (
            SELECT CASE WHEN r.counted THEN coalesce((
                    SELECT sum(t.messages_dmarc_pass) FROM ruastat.report_sources t
                    WHERE t.domain = p.domain AND t.filed_on = p.filed_on AND t.report_key = p.report_key), 0)
                END AS dmarc_pass
            OFFSET 0) s -- reckoned once
        CROSS JOIN LATERAL (
            SELECT r.domain, r.filed_on, r.report_key, r.day, r.reporter, r.report_id,
                   ruastat_data.utc(r.begin_at) AS begin_at, ruastat_data.utc(r.end_at) AS end_at,
                   r.records, r.messages, s.dmarc_pass,
                   ruastat_data.percent(s.dmarc_pass, r.messages) AS dmarc_percent, r.counted,
                   cardinality(r.quirks) AS quirks) AS body
        WHERE p.n <= coalesce($10::integer, 100)),
    'total', (SELECT count(*) FROM found),
    'next', (
        SELECT ruastat_data.page_key(p.sort_number, p.report_key::text) FROM page p
        WHERE p.n = coalesce($10::integer, 100) AND p.more)) AS body
WHERE $1::text IS NULL OR ruastat_data.known($1)
