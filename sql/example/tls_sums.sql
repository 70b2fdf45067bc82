-- Whose TLS reports do not add up: the summary counts other failures than the details?
SELECT reporter, domain, day, report_id, policy_domain, summary_failed_sessions,
       details_failed_sessions
FROM ruastat.tls_failures
WHERE NOT adds_up
GROUP BY reporter, domain, day, report_id, policy_n, policy_domain, summary_failed_sessions,
         details_failed_sessions
ORDER BY day DESC, reporter
