CREATE OR REPLACE VIEW ruastat.failures AS
SELECT d.name AS domain, f.arrived_at, p.name AS reporter, f.source_ip, f.raw_source_ip, f.auth_failure,
       f.identity_alignment, f.delivery_result, f.raw_delivery_result, f.from_field, f.subject,
       f.message_id, f.original_mail_from, f.original_rcpt_to, f.original_envelope_id,
       f.authentication_results, f.dkim_domain, f.dkim_identity, f.dkim_selector, f.spf_dns,
       f.reported_uri, f.reporting_mta, f.user_agent, f.version, f.source_port, f.incidents, f.header,
       f.body, f.quirks, f.report_key, f.intake_id, f.imported_at, f.day AS filed_on
FROM ruastat_data.failure f
JOIN ruastat_data.domain d ON d.domain_id = f.domain_id
JOIN ruastat_data.reporter p ON p.reporter_id = f.reporter_id;
COMMENT ON VIEW ruastat.failures IS 'A row for each failure report that is stored: personal data, for the role ruastat_failures alone.  Never show any of it as HTML, follow a link in it or answer it';
COMMENT ON COLUMN ruastat.failures.domain IS 'Domain that was reported (Reported-Domain), lower case; else that of the message''s From';
COMMENT ON COLUMN ruastat.failures.arrived_at IS 'When the message arrived at the reporter; else when it was reported';
COMMENT ON COLUMN ruastat.failures.reporter IS 'Domain of the report''s From; else "unknown"';
COMMENT ON COLUMN ruastat.failures.source_ip IS 'Address the message came from; NULL when what the report says is no address';
COMMENT ON COLUMN ruastat.failures.raw_source_ip IS 'What it says then';
COMMENT ON COLUMN ruastat.failures.auth_failure IS 'What failed, as written: dmarc, dkim, spf and others (RFC 6591, 3.3)';
COMMENT ON COLUMN ruastat.failures.identity_alignment IS 'As written: in RFC 7489 the mechanisms that gave an aligned identity, in RFC 9991 those that did not, and nothing tells which is meant';
COMMENT ON COLUMN ruastat.failures.delivery_result IS 'What became of the message; NULL when not said or something else';
COMMENT ON COLUMN ruastat.failures.raw_delivery_result IS 'What it says when it is no known word';
COMMENT ON COLUMN ruastat.failures.from_field IS 'The From field of the message that failed, as written';
COMMENT ON COLUMN ruastat.failures.subject IS 'Subject of the message';
COMMENT ON COLUMN ruastat.failures.message_id IS 'Message-ID of the message';
COMMENT ON COLUMN ruastat.failures.original_mail_from IS 'Envelope sender';
COMMENT ON COLUMN ruastat.failures.original_rcpt_to IS 'Envelope recipients, one a line';
COMMENT ON COLUMN ruastat.failures.original_envelope_id IS 'Envelope id';
COMMENT ON COLUMN ruastat.failures.authentication_results IS 'What the reporter found, one field a line (RFC 8601)';
COMMENT ON COLUMN ruastat.failures.dkim_domain IS 'd= of the signature that failed';
COMMENT ON COLUMN ruastat.failures.dkim_identity IS 'i= of it';
COMMENT ON COLUMN ruastat.failures.dkim_selector IS 's= of it';
COMMENT ON COLUMN ruastat.failures.spf_dns IS 'SPF records that the reporter looked up, one a line';
COMMENT ON COLUMN ruastat.failures.reported_uri IS 'Links in the message that the reporter names, one a line';
COMMENT ON COLUMN ruastat.failures.reporting_mta IS 'Server that reports';
COMMENT ON COLUMN ruastat.failures.user_agent IS 'Program that made the report';
COMMENT ON COLUMN ruastat.failures.version IS 'Version of the format, as written';
COMMENT ON COLUMN ruastat.failures.source_port IS 'Port the message came from';
COMMENT ON COLUMN ruastat.failures.incidents IS 'Messages like this one; NULL when not said';
COMMENT ON COLUMN ruastat.failures.header IS 'Header of the message, cut at 64 KiB';
COMMENT ON COLUMN ruastat.failures.body IS 'Its body, cut at 256 KiB; NULL unless failure_reports = full';
COMMENT ON COLUMN ruastat.failures.quirks IS 'What had to be repaired to read the report: rule and detail';
COMMENT ON COLUMN ruastat.failures.report_key IS 'Digest of all fields and the header';
COMMENT ON COLUMN ruastat.failures.intake_id IS 'The mail it came in first (ruastat.intake)';
COMMENT ON COLUMN ruastat.failures.imported_at IS 'When it was stored; it is deleted failure_days later';
COMMENT ON COLUMN ruastat.failures.filed_on IS 'UTC day of arrived_at; a condition on it is fast';
