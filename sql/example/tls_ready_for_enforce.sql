-- Which of my domains may go to MTA-STS mode enforce, as no session failed in the last four weeks?
SELECT domain, sum(successful_sessions) AS successful, sum(failed_sessions) AS failed,
       count(DISTINCT reporter) FILTER (WHERE policy_type = 'sts') AS reporters_with_policy,
       count(DISTINCT reporter) FILTER (WHERE policy_type = 'no-policy-found') AS reporters_without,
       coalesce(sum(failed_sessions), 0) = 0 AS ready
FROM ruastat.tls_daily
WHERE day >= current_date - 28
GROUP BY domain
ORDER BY domain
