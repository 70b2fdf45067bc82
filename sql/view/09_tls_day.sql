-- The policies of SMTP TLS reports by the day their sessions belong to: those of a report of up to 25
-- hours to its own day, those of a longer one spread over its days, others nowhere.
CREATE OR REPLACE VIEW ruastat_data.tls_policy_day AS
SELECT r.domain_id, r.day, r.reporter_id, r.report_key, p.n, p.policy_type, p.raw_policy_type,
       p.policy_domain, p.successful_sessions, p.failed_sessions
FROM ruastat_data.tls_report r
JOIN ruastat_data.tls_policy p
  ON p.domain_id = r.domain_id AND p.day = r.day AND p.report_key = r.report_key
WHERE r.counted AND r.days = 1
UNION ALL
SELECT r.domain_id, s.day, r.reporter_id, r.report_key, p.n, p.policy_type, p.raw_policy_type,
       p.policy_domain, CASE WHEN p.successful_sessions IS NOT NULL THEN s.share END,
       CASE WHEN p.failed_sessions IS NOT NULL THEN f.share END
FROM ruastat_data.tls_report r
JOIN ruastat_data.tls_policy p
  ON p.domain_id = r.domain_id AND p.day = r.day AND p.report_key = r.report_key
CROSS JOIN LATERAL ruastat_data.apportion(coalesce(p.successful_sessions, 0), r.begin_at, r.end_at) s
JOIN LATERAL ruastat_data.apportion(coalesce(p.failed_sessions, 0), r.begin_at, r.end_at) f ON f.day = s.day
WHERE r.counted AND r.days > 1;
