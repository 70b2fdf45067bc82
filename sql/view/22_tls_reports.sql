CREATE OR REPLACE VIEW ruastat.tls_reports AS
SELECT d.name AS domain, p.name AS reporter, r.report_id, r.begin_at, r.end_at,
       CASE WHEN r.days > 0 THEN r.day END AS day, r.days, r.counted, r.successful_sessions,
       r.failed_sessions, r.contact_info, r.quirks, r.report_key, r.intake_id, r.imported_at,
       r.day AS filed_on
FROM ruastat_data.tls_report r
JOIN ruastat_data.domain d ON d.domain_id = r.domain_id
JOIN ruastat_data.reporter p ON p.reporter_id = r.reporter_id;
COMMENT ON VIEW ruastat.tls_reports IS 'A row for each SMTP TLS report (RFC 8460) that is stored, revisions that do not count included';
COMMENT ON COLUMN ruastat.tls_reports.domain IS 'Mail domain the report was sent to, lower case';
COMMENT ON COLUMN ruastat.tls_reports.reporter IS 'Who sent it: organization-name, else "unknown"';
COMMENT ON COLUMN ruastat.tls_reports.report_id IS 'The reporter''s own id of the report';
COMMENT ON COLUMN ruastat.tls_reports.begin_at IS 'Start of the reporting period (date-range/start-datetime)';
COMMENT ON COLUMN ruastat.tls_reports.end_at IS 'End of the reporting period (date-range/end-datetime)';
COMMENT ON COLUMN ruastat.tls_reports.day IS 'UTC day of the period''s midpoint; NULL when the report stays outside the daily numbers';
COMMENT ON COLUMN ruastat.tls_reports.days IS 'UTC days the period covers: 1 up to 25 hours, more for one whose sessions are spread, 0 for one outside the daily numbers (longer than 31 days, reversed, before 2012, in the future)';
COMMENT ON COLUMN ruastat.tls_reports.counted IS 'False for a revision that lost against another one of the same report: its sessions are in no number';
COMMENT ON COLUMN ruastat.tls_reports.successful_sessions IS 'Sessions with TLS, by the summaries of its policies';
COMMENT ON COLUMN ruastat.tls_reports.failed_sessions IS 'Sessions that failed, by the summaries of its policies';
COMMENT ON COLUMN ruastat.tls_reports.contact_info IS 'contact-info';
COMMENT ON COLUMN ruastat.tls_reports.quirks IS 'What had to be repaired to read the report: rule and detail';
COMMENT ON COLUMN ruastat.tls_reports.report_key IS 'Digest of the report''s identity and policies; joins ruastat.originals and ruastat.tls_failures';
COMMENT ON COLUMN ruastat.tls_reports.intake_id IS 'The message it came in first (ruastat.intake)';
COMMENT ON COLUMN ruastat.tls_reports.imported_at IS 'When it was stored';
COMMENT ON COLUMN ruastat.tls_reports.filed_on IS 'Day under which the report is filed: the UTC day of its period''s midpoint, whatever it is; a condition on it is fast';
