-- Which senders could not reach which of my MX hosts with TLS in the last 30 days, and why?
SELECT domain, result_type, receiving_mx_hostname, reporter,
       sum(CASE WHEN n IS NULL THEN summary_failed_sessions ELSE failed_sessions END) AS sessions,
       min(day) AS first_day, max(day) AS last_day
FROM ruastat.tls_failures
WHERE filed_on >= current_date - 30 AND day IS NOT NULL
GROUP BY domain, result_type, receiving_mx_hostname, reporter
ORDER BY sessions DESC NULLS LAST, domain
