-- SMTP sessions by day and domain, the latest first, with what went wrong most; total is how many rows
-- there are.  Failures of a report over several days stand at its own day.
-- $1 date: from, or NULL  $2 date: to, inclusive, or NULL  $3 text: the domain, or NULL for all
-- $4 bigint: at most so many, or NULL for all
WITH daily AS (
    SELECT day, domain, sum(successful_sessions) AS successful, sum(failed_sessions) AS failed
    FROM ruastat.tls_daily
    WHERE ($1::date IS NULL OR day >= $1::date) AND ($2::date IS NULL OR day <= $2::date)
      AND ($3::text IS NULL OR domain = lower(rtrim($3, '.')))
    GROUP BY day, domain
), shown AS (
    SELECT *, count(*) OVER () AS total FROM daily
    ORDER BY day DESC, domain
    LIMIT $4::bigint
)
SELECT s.day, s.domain, s.successful, s.failed,
       round(100 * s.failed / nullif(s.successful + s.failed, 0), 1) AS failed_percent,
       (SELECT string_agg(format('%s %s', result_type, coalesce(sessions::text, '?')), ', '
                          ORDER BY sessions DESC NULLS LAST, result_type)
        FROM (SELECT coalesce(f.result_type, 'not said') AS result_type,
                     sum(CASE WHEN f.n IS NULL THEN f.summary_failed_sessions ELSE f.failed_sessions END)
                         AS sessions
              FROM ruastat.tls_failures f
              WHERE f.domain = s.domain AND f.filed_on = s.day AND f.day IS NOT NULL
              GROUP BY 1
              ORDER BY sessions DESC NULLS LAST, 1
              LIMIT 3) t) AS results,
       s.total
FROM shown s
ORDER BY s.day DESC, s.domain
