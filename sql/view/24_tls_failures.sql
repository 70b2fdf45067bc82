CREATE OR REPLACE VIEW ruastat.tls_failures AS
SELECT d.name AS domain, CASE WHEN r.days > 0 THEN r.day END AS day, p.name AS reporter, r.report_id,
       t.n AS policy_n, t.policy_type, t.raw_policy_type, t.policy_domain, t.policy_strings, t.mx_hosts,
       f.n, f.result_type, f.failed_sessions, f.sending_mta_ip, f.raw_sending_mta_ip, f.receiving_ip,
       f.raw_receiving_ip, f.receiving_mx_hostname, f.receiving_mx_helo, f.failure_reason_code,
       f.additional_information, t.failed_sessions AS summary_failed_sessions,
       t.detailed_sessions AS details_failed_sessions,
       t.failed_sessions = t.detailed_sessions AS adds_up, r.report_key, r.day AS filed_on
FROM ruastat_data.tls_report r
JOIN ruastat_data.tls_policy t
  ON t.domain_id = r.domain_id AND t.day = r.day AND t.report_key = r.report_key
LEFT JOIN ruastat_data.tls_failure f
  ON f.domain_id = t.domain_id AND f.day = t.day AND f.report_key = t.report_key AND f.policy_n = t.n
JOIN ruastat_data.domain d ON d.domain_id = r.domain_id
JOIN ruastat_data.reporter p ON p.reporter_id = r.reporter_id
WHERE r.counted AND (f.n IS NOT NULL OR t.failed_sessions > 0);
COMMENT ON VIEW ruastat.tls_failures IS 'A row for each failure detail of SMTP TLS reports that count, and one for each policy whose summary counts failures without any detail';
COMMENT ON COLUMN ruastat.tls_failures.domain IS 'Mail domain the report was sent to, lower case';
COMMENT ON COLUMN ruastat.tls_failures.day IS 'UTC day of the report; NULL when it stays outside the daily numbers';
COMMENT ON COLUMN ruastat.tls_failures.reporter IS 'Who sent the report';
COMMENT ON COLUMN ruastat.tls_failures.report_id IS 'The reporter''s own id of the report';
COMMENT ON COLUMN ruastat.tls_failures.policy_n IS 'Number of the policy in the report, from 1';
COMMENT ON COLUMN ruastat.tls_failures.policy_type IS 'tlsa (DANE), sts (MTA-STS), no-policy-found; NULL when the report says something else';
COMMENT ON COLUMN ruastat.tls_failures.raw_policy_type IS 'What it says then';
COMMENT ON COLUMN ruastat.tls_failures.policy_domain IS 'Domain of the policy: of tlsa the MX host, else the mail domain';
COMMENT ON COLUMN ruastat.tls_failures.policy_strings IS 'The policy as the sender saw it: lines of the MTA-STS policy, or TLSA records';
COMMENT ON COLUMN ruastat.tls_failures.mx_hosts IS 'MX hosts or patterns that the policy allows';
COMMENT ON COLUMN ruastat.tls_failures.n IS 'Number of the detail within its policy, from 1; NULL where the summary alone counts failures';
COMMENT ON COLUMN ruastat.tls_failures.result_type IS 'What went wrong, as written, lower case (RFC 8460, 4.3)';
COMMENT ON COLUMN ruastat.tls_failures.failed_sessions IS 'Sessions that failed so; NULL when the detail does not give a readable number';
COMMENT ON COLUMN ruastat.tls_failures.sending_mta_ip IS 'Address of the sender''s server; NULL when the report gives none';
COMMENT ON COLUMN ruastat.tls_failures.raw_sending_mta_ip IS 'What stands there when it is no address';
COMMENT ON COLUMN ruastat.tls_failures.receiving_ip IS 'Address of the server that was connected to; NULL when the report gives none';
COMMENT ON COLUMN ruastat.tls_failures.raw_receiving_ip IS 'What stands there when it is no address';
COMMENT ON COLUMN ruastat.tls_failures.receiving_mx_hostname IS 'MX host that was connected to';
COMMENT ON COLUMN ruastat.tls_failures.receiving_mx_helo IS 'Name by which that server greeted';
COMMENT ON COLUMN ruastat.tls_failures.failure_reason_code IS 'The sender''s own words for the error';
COMMENT ON COLUMN ruastat.tls_failures.additional_information IS 'Where the sender tells more, as written: it is never fetched';
COMMENT ON COLUMN ruastat.tls_failures.summary_failed_sessions IS 'Failed sessions of the whole policy, by its summary; ruastat.tls_daily counts these';
COMMENT ON COLUMN ruastat.tls_failures.details_failed_sessions IS 'Failed sessions of the whole policy, all its details added up';
COMMENT ON COLUMN ruastat.tls_failures.adds_up IS 'Whether those two are the same; NULL when the summary does not say';
COMMENT ON COLUMN ruastat.tls_failures.report_key IS 'The report (ruastat.tls_reports)';
COMMENT ON COLUMN ruastat.tls_failures.filed_on IS 'Day under which the report is filed; a condition on it is fast';
