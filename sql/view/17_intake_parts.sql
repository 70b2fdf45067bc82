CREATE OR REPLACE VIEW ruastat.intake_parts AS
SELECT p.intake_id, p.n, p.read_at, p.outcome, p.kind, p.member, p.reason, d.name AS domain,
       p.day, p.report_key
FROM ruastat_data.intake_part p
LEFT JOIN ruastat_data.domain d ON d.domain_id = p.domain_id;
COMMENT ON VIEW ruastat.intake_parts IS 'A row for each report found in a mail, or that should have been one';
COMMENT ON COLUMN ruastat.intake_parts.intake_id IS 'The mail (ruastat.intake)';
COMMENT ON COLUMN ruastat.intake_parts.n IS 'Number of the part in the mail, from 1';
COMMENT ON COLUMN ruastat.intake_parts.read_at IS 'When the mail was read';
COMMENT ON COLUMN ruastat.intake_parts.outcome IS 'What became of this part';
COMMENT ON COLUMN ruastat.intake_parts.kind IS 'aggregate, failure or tlsrpt; NULL when that could not be told';
COMMENT ON COLUMN ruastat.intake_parts.member IS 'File names on the way to it';
COMMENT ON COLUMN ruastat.intake_parts.reason IS 'Why, in words';
COMMENT ON COLUMN ruastat.intake_parts.domain IS 'Policy domain of the report';
COMMENT ON COLUMN ruastat.intake_parts.day IS 'Day under which the report is filed';
COMMENT ON COLUMN ruastat.intake_parts.report_key IS 'The report (ruastat.reports, ruastat.tls_reports or ruastat.failures), also of a duplicate; NULL once a failure report is deleted';
