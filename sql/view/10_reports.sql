CREATE OR REPLACE VIEW ruastat.reports AS
SELECT d.name AS domain, p.name AS reporter, r.report_id, r.begin_at, r.end_at,
       CASE WHEN r.days > 0 THEN r.day END AS day, r.days, r.counted, r.records, r.messages,
       r.org_name, r.email, r.extra_contact_info, r.error, r.generator, r.version, r.xml_namespace,
       r.p, r.sp, r.np, r.adkim, r.aspf, r.pct, r.fo, r.testing, r.discovery_method, r.quirks,
       r.report_key, r.intake_id, r.imported_at,
       r.day AS filed_on, r.partial, r.records_checked, r.records_disagreeing, r.messages_checked,
       r.messages_disagreeing
FROM ruastat_data.report r
JOIN ruastat_data.domain d ON d.domain_id = r.domain_id
JOIN ruastat_data.reporter p ON p.reporter_id = r.reporter_id;
COMMENT ON VIEW ruastat.reports IS 'A row for each aggregate report that is stored, null reports and revisions that do not count included';
COMMENT ON COLUMN ruastat.reports.domain IS 'Policy domain, lower case (policy_published/domain)';
COMMENT ON COLUMN ruastat.reports.reporter IS 'Who sent it: org_name, else the domain of its contact address, else what the mail around the report tells, else "unknown"';
COMMENT ON COLUMN ruastat.reports.report_id IS 'The reporter''s own id of the report, reporters re-use them; where the report has none, the one that the mail around it tells';
COMMENT ON COLUMN ruastat.reports.begin_at IS 'Start of the reporting period (date_range/begin)';
COMMENT ON COLUMN ruastat.reports.end_at IS 'End of the reporting period (date_range/end); some reporters mean the last second, some the first after it';
COMMENT ON COLUMN ruastat.reports.day IS 'UTC day of the period''s midpoint; NULL when the report stays outside the daily numbers';
COMMENT ON COLUMN ruastat.reports.days IS 'UTC days the period covers: 1 up to 25 hours, more for one whose messages are spread, 0 for one outside the daily numbers (longer than 31 days, reversed, before 2012, in the future)';
COMMENT ON COLUMN ruastat.reports.counted IS 'False for a revision that lost against another one of the same report: its records are in no number';
COMMENT ON COLUMN ruastat.reports.records IS 'Records in the report';
COMMENT ON COLUMN ruastat.reports.messages IS 'Messages in the report: the sum of its counts';
COMMENT ON COLUMN ruastat.reports.org_name IS 'report_metadata/org_name';
COMMENT ON COLUMN ruastat.reports.email IS 'report_metadata/email';
COMMENT ON COLUMN ruastat.reports.extra_contact_info IS 'report_metadata/extra_contact_info';
COMMENT ON COLUMN ruastat.reports.error IS 'report_metadata/error: what the reporter met, one a line';
COMMENT ON COLUMN ruastat.reports.generator IS 'report_metadata/generator (RFC 9990)';
COMMENT ON COLUMN ruastat.reports.version IS 'The version element, as written';
COMMENT ON COLUMN ruastat.reports.xml_namespace IS 'Namespace of the root element';
COMMENT ON COLUMN ruastat.reports.p IS 'Policy for the domain as the reporter saw it published';
COMMENT ON COLUMN ruastat.reports.sp IS 'Policy for subdomains; NULL where not said';
COMMENT ON COLUMN ruastat.reports.np IS 'Policy for subdomains that do not exist; NULL where not said';
COMMENT ON COLUMN ruastat.reports.adkim IS 'DKIM alignment mode: r relaxed, s strict; NULL where not said';
COMMENT ON COLUMN ruastat.reports.aspf IS 'SPF alignment mode: r relaxed, s strict; NULL where not said';
COMMENT ON COLUMN ruastat.reports.pct IS 'pct as written (RFC 7489)';
COMMENT ON COLUMN ruastat.reports.fo IS 'fo as written: when failure reports are wanted';
COMMENT ON COLUMN ruastat.reports.testing IS 'testing as written (RFC 9990)';
COMMENT ON COLUMN ruastat.reports.discovery_method IS 'How the reporter found the policy record (RFC 9990)';
COMMENT ON COLUMN ruastat.reports.quirks IS 'What had to be repaired to read the report: rule and detail';
COMMENT ON COLUMN ruastat.reports.report_key IS 'Digest of the report''s identity and records; joins the other views';
COMMENT ON COLUMN ruastat.reports.intake_id IS 'The message it came in first (ruastat.intake)';
COMMENT ON COLUMN ruastat.reports.imported_at IS 'When it was stored';
COMMENT ON COLUMN ruastat.reports.filed_on IS 'Day under which the report is filed: the UTC day of its period''s midpoint, whatever it is; a condition on it is fast';
COMMENT ON COLUMN ruastat.reports.partial IS 'Whether some of the report is missing, its end or something in its middle: the complete records are here, others are not';
COMMENT ON COLUMN ruastat.reports.records_checked IS 'Records for which, of DKIM or SPF, what the reporter says and what follows from the raw results are known; NULL: stored before this was counted';
COMMENT ON COLUMN ruastat.reports.records_disagreeing IS 'Of records_checked those for which they differ (ruastat.disagreements)';
COMMENT ON COLUMN ruastat.reports.messages_checked IS 'Messages of records_checked';
COMMENT ON COLUMN ruastat.reports.messages_disagreeing IS 'Messages of records_disagreeing';
