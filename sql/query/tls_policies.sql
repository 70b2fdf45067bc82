-- SMTP sessions by domain and policy, with what went wrong most; total is how many rows there are.
-- $1 date: from, or NULL  $2 date: to, inclusive, or NULL  $3 text: the domain, or NULL for all
-- $4 bigint: at most so many, or NULL for all
WITH policy AS (
    SELECT domain, coalesce(policy_type::text, raw_policy_type) AS policy_type, policy_domain,
           sum(successful_sessions) AS successful, sum(failed_sessions) AS failed,
           max(day) AS last_day
    FROM ruastat.tls_daily
    WHERE ($1::date IS NULL OR day >= $1::date) AND ($2::date IS NULL OR day <= $2::date)
      AND ($3::text IS NULL OR domain = lower(rtrim($3, '.')))
    GROUP BY 1, 2, 3
), shown AS (
    SELECT *, count(*) OVER () AS total FROM policy
    ORDER BY domain, policy_type, policy_domain
    LIMIT $4::bigint
)
SELECT s.domain, s.policy_type, s.policy_domain, s.successful, s.failed,
       round(100 * s.failed / nullif(s.successful + s.failed, 0), 1) AS failed_percent,
       (SELECT string_agg(format('%s %s', result_type, coalesce(sessions::text, '?')), ', '
                          ORDER BY sessions DESC NULLS LAST, result_type)
        FROM (SELECT coalesce(f.result_type, 'not said') AS result_type,
                     sum(CASE WHEN f.n IS NULL THEN f.summary_failed_sessions ELSE f.failed_sessions END)
                         AS sessions
              FROM ruastat.tls_failures f
              WHERE f.domain = s.domain AND f.day IS NOT NULL
                AND ($1::date IS NULL OR f.filed_on >= $1::date)
                AND ($2::date IS NULL OR f.filed_on <= $2::date)
                AND coalesce(f.policy_type::text, f.raw_policy_type) IS NOT DISTINCT FROM s.policy_type
                AND f.policy_domain IS NOT DISTINCT FROM s.policy_domain
              GROUP BY 1
              ORDER BY sessions DESC NULLS LAST, 1
              LIMIT 3) t) AS results,
       s.last_day, s.total
FROM shown s
ORDER BY s.domain, s.policy_type, s.policy_domain
