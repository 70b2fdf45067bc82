-- A table: the days of a period, each with its sums and how many reports tell of it.  A period of more
-- than 1,100 days is an error (22P02).
-- $1 text: domain, or NULL for all  $2 date: from, or NULL  $3 date: to, or NULL
WITH period AS (
    SELECT * FROM ruastat_data.period($2::date, $3::date)
), day_sums AS (
    SELECT d.day, sum(d.messages) AS messages, sum(d.messages_dmarc_pass) AS dmarc_pass,
           sum(d.messages_dkim_aligned) AS dkim_aligned, sum(d.messages_spf_aligned) AS spf_aligned,
           sum(d.messages_unknown) AS unknown, sum(d.messages_none) AS "none",
           sum(d.messages_quarantine) AS quarantine, sum(d.messages_reject) AS reject
    FROM period p
    JOIN ruastat.domains_daily d ON d.day BETWEEN p.from_day AND p.to_day
    WHERE $1::text IS NULL OR d.domain = lower(rtrim($1, '.'))
    GROUP BY d.day
), report_sums AS (
    SELECT r.day, count(*) AS reports
    FROM ruastat.reports_daily r
    WHERE r.day BETWEEN coalesce($2::date, (SELECT from_day FROM period))
                    AND coalesce($3::date, (SELECT to_day FROM period))
      AND ($1::text IS NULL OR r.domain = lower(rtrim($1, '.')))
    GROUP BY r.day
), row AS (
    SELECT d.day, coalesce(r.reports, 0) AS reports, s.*
    FROM period p
    CROSS JOIN LATERAL generate_series(0, CASE
        WHEN p.to_day - p.from_day < 1100 THEN p.to_day - p.from_day
        ELSE (p.to_day - p.from_day + 1 || ' days are more than 1,100')::integer
    END) AS g(i)
    CROSS JOIN LATERAL (SELECT p.from_day + g.i AS day) d
    LEFT JOIN day_sums t ON t.day = d.day
    LEFT JOIN report_sums r ON r.day = d.day
    CROSS JOIN LATERAL ruastat_data.sums(t.messages, t.dmarc_pass, t.dkim_aligned, t.spf_aligned,
        t.unknown, t.none, t.quarantine, t.reject) s
)
SELECT json_build_object(
    'rows', (SELECT coalesce(json_agg(r ORDER BY r.day), '[]') FROM row r),
    'total', (SELECT count(*) FROM row),
    'next', NULL,
    'period', (SELECT json_build_object('from', from_day, 'to', to_day) FROM period)) AS body
WHERE $1::text IS NULL OR ruastat_data.known($1)
