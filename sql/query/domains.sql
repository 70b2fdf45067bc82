-- A row for each domain that has messages or reports in a period: its pass rates, and the policy as
-- its latest report saw it published.
-- $1 date: from  $2 date: to, inclusive  $3 text: the domain, or NULL for all
WITH sums AS (
    SELECT domain, sum(messages) AS messages, sum(messages_dmarc_pass) AS dmarc,
           sum(messages_dkim_aligned) AS dkim, sum(messages_spf_aligned) AS spf,
           sum(messages_unknown) AS unknown, max(day) AS last_day
    FROM ruastat.domains_daily
    WHERE day BETWEEN $1::date AND $2::date
      AND ($3::text IS NULL OR domain = lower(rtrim($3, '.')))
    GROUP BY domain
), published AS (
    SELECT domain, count(*) AS reports, max(day) AS last_day,
           (array_agg(p ORDER BY end_at DESC, report_key) FILTER (WHERE p IS NOT NULL))[1] AS p,
           (array_agg(sp ORDER BY end_at DESC, report_key) FILTER (WHERE p IS NOT NULL))[1] AS sp
    FROM ruastat.reports
    WHERE counted AND day IS NOT NULL AND filed_on BETWEEN $1::date AND $2::date
      AND ($3::text IS NULL OR domain = lower(rtrim($3, '.')))
    GROUP BY domain
)
SELECT domain, coalesce(messages, 0) AS messages,
       round(100 * dmarc / nullif(messages, 0), 1) AS dmarc_percent,
       round(100 * dkim / nullif(messages, 0), 1) AS dkim_percent,
       round(100 * spf / nullif(messages, 0), 1) AS spf_percent,
       coalesce(unknown, 0) AS unknown, p, sp, coalesce(reports, 0) AS reports,
       greatest(s.last_day, r.last_day) AS last_day
FROM sums s
FULL JOIN published r USING (domain)
ORDER BY domain
