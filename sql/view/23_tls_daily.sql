CREATE OR REPLACE VIEW ruastat.tls_daily AS
SELECT d.name AS domain, t.day, p.name AS reporter, t.policy_type, t.raw_policy_type, t.policy_domain,
       sum(t.successful_sessions)::bigint AS successful_sessions,
       sum(t.failed_sessions)::bigint AS failed_sessions, count(DISTINCT t.report_key) AS reports
FROM ruastat_data.tls_policy_day t
JOIN ruastat_data.domain d ON d.domain_id = t.domain_id
JOIN ruastat_data.reporter p ON p.reporter_id = t.reporter_id
GROUP BY d.name, t.day, p.name, t.policy_type, t.raw_policy_type, t.policy_domain;
COMMENT ON VIEW ruastat.tls_daily IS 'SMTP sessions by mail domain, UTC day, reporter and policy, of TLS reports that count';
COMMENT ON COLUMN ruastat.tls_daily.domain IS 'Mail domain the reports were sent to, lower case';
COMMENT ON COLUMN ruastat.tls_daily.day IS 'UTC day; the sessions of a report over several days are spread over them by seconds';
COMMENT ON COLUMN ruastat.tls_daily.reporter IS 'Who sent the reports';
COMMENT ON COLUMN ruastat.tls_daily.policy_type IS 'What asked for TLS: tlsa (DANE), sts (MTA-STS), no-policy-found; NULL when the report says something else';
COMMENT ON COLUMN ruastat.tls_daily.raw_policy_type IS 'What it says then';
COMMENT ON COLUMN ruastat.tls_daily.policy_domain IS 'Domain of the policy: of tlsa the MX host, else the mail domain';
COMMENT ON COLUMN ruastat.tls_daily.successful_sessions IS 'Sessions with TLS as the policy wants it; NULL when no report says';
COMMENT ON COLUMN ruastat.tls_daily.failed_sessions IS 'Sessions that failed, by the policies'' summaries; NULL when no report says';
COMMENT ON COLUMN ruastat.tls_daily.reports IS 'Reports that tell of this day and policy';
