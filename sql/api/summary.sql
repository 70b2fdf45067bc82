-- One domain, or all of them, in a period: the sums, what changed since the period of the same length
-- before, how many took part, and the policy that a domain publishes.
-- $1 text: domain, or NULL for all  $2 date: from, or NULL  $3 date: to, or NULL
WITH period AS (
    SELECT * FROM ruastat_data.period($2::date, $3::date)
), day_sums AS (
    SELECT d.day >= p.from_day AS current, sum(d.messages) AS messages,
           sum(d.messages_dmarc_pass) AS dmarc_pass, sum(d.messages_dkim_aligned) AS dkim_aligned,
           sum(d.messages_spf_aligned) AS spf_aligned, sum(d.messages_unknown) AS unknown,
           sum(d.messages_none) AS "none", sum(d.messages_quarantine) AS quarantine,
           sum(d.messages_reject) AS reject
    FROM period p
    JOIN ruastat.domains_daily d ON d.day BETWEEN p.from_day - (p.to_day - p.from_day) - 1 AND p.to_day
    WHERE $1::text IS NULL OR d.domain = lower(rtrim($1, '.'))
    GROUP BY 1
), sums AS (
    SELECT w.current, s.*
    FROM (VALUES (true), (false)) AS w(current)
    LEFT JOIN day_sums t ON t.current = w.current
    CROSS JOIN LATERAL ruastat_data.sums(t.messages, t.dmarc_pass, t.dkim_aligned, t.spf_aligned,
        t.unknown, t.none, t.quarantine, t.reject) s
), reporters AS (
    SELECT r.domain, r.reporter, count(*) FILTER (WHERE r.day = greatest(r.first_day, p.from_day)) AS reports
    FROM ruastat.reports_daily r
    CROSS JOIN period p
    WHERE r.day BETWEEN coalesce($2::date, (SELECT from_day FROM period))
                    AND coalesce($3::date, (SELECT to_day FROM period))
      AND ($1::text IS NULL OR r.domain = lower(rtrim($1, '.')))
    GROUP BY r.domain, r.reporter
), days AS (
    SELECT (SELECT day FROM ruastat.domains_daily
            WHERE $1::text IS NULL OR domain = lower(rtrim($1, '.')) ORDER BY day LIMIT 1) AS first_day,
           (SELECT day FROM ruastat.domains_daily
            WHERE $1::text IS NULL OR domain = lower(rtrim($1, '.')) ORDER BY day DESC LIMIT 1) AS last_day
), latest AS (
    -- a report is filed at most 17 days before the last day it tells of; null reports tell of none
    SELECT max(filed_on) AS filed_on, max(end_at) AS end_at FROM ruastat.reports
    WHERE counted AND day IS NOT NULL
      AND ($1::text IS NULL OR domain = lower(rtrim($1, '.')))
      AND filed_on >= coalesce((SELECT last_day - 17 FROM days), '2012-01-01')
)
SELECT row_to_json(body) AS body
FROM (
    SELECT (SELECT json_build_object('from', from_day, 'to', to_day) FROM period) AS period,
           lower(rtrim($1, '.')) AS domain,
           n.messages, n.dmarc_pass, n.dkim_aligned, n.spf_aligned, n.both, n.dkim_only, n.spf_only,
           n.neither, n.unknown, n.none, n.quarantine, n.reject, n.dmarc_percent, n.dkim_percent,
           n.spf_percent,
           n.dmarc_percent - b.dmarc_percent AS dmarc_change,
           n.dkim_percent - b.dkim_percent AS dkim_change,
           n.spf_percent - b.spf_percent AS spf_change,
           ruastat_data.percent(n.messages - b.messages, b.messages) AS messages_change_percent,
           (SELECT count(DISTINCT domain) FROM reporters) AS domains,
           CASE WHEN $1::text IS NOT NULL THEN (
               SELECT count(*) FROM (
                   SELECT FROM ruastat.sources_daily
                   WHERE domain = lower(rtrim($1, '.')) AND messages > 0
                     AND day BETWEEN coalesce($2::date, (SELECT from_day FROM period))
                                 AND coalesce($3::date, (SELECT to_day FROM period))
                   GROUP BY source_ip) s)
           END AS sources,
           (SELECT coalesce(sum(reports), 0) FROM reporters) AS reports,
           (SELECT count(DISTINCT reporter) FROM reporters) AS reporters,
           (SELECT first_day FROM days) AS first_day,
           (SELECT last_day FROM days) AS last_day,
           (SELECT ruastat_data.utc(end_at) FROM latest) AS last_report_at,
           CASE WHEN $1::text IS NOT NULL THEN (
               SELECT json_build_object('p', p, 'sp', sp, 'np', np, 'adkim', adkim, 'aspf', aspf, 'pct', pct,
                   'fo', fo, 'testing', testing, 'seen_on', filed_on, 'reporter', reporter)
               FROM ruastat.reports
               WHERE domain = lower(rtrim($1, '.')) AND filed_on = (SELECT filed_on FROM latest)
                 AND counted AND day IS NOT NULL
               ORDER BY end_at DESC, report_key
               LIMIT 1)
           END AS policy
    FROM sums n, sums b
    WHERE n.current AND NOT b.current) body
WHERE $1::text IS NULL OR ruastat_data.known($1)
