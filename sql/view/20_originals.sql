CREATE OR REPLACE VIEW ruastat.originals AS
SELECT d.name AS domain, o.day AS filed_on, o.report_key, o.bytes,
       CASE WHEN substr(o.bytes, 1, 2) = '\x1f8b' THEN 'gzip' ELSE 'zip' END AS kind
FROM ruastat_data.original o
JOIN ruastat_data.domain d ON d.domain_id = o.domain_id;
COMMENT ON VIEW ruastat.originals IS 'A row for each report''s document';
COMMENT ON COLUMN ruastat.originals.domain IS 'Policy domain, lower case';
COMMENT ON COLUMN ruastat.originals.filed_on IS 'Day under which the report is filed';
COMMENT ON COLUMN ruastat.originals.report_key IS 'The report (ruastat.reports or ruastat.tls_reports)';
COMMENT ON COLUMN ruastat.originals.bytes IS 'The document, compressed as it came (gzip or zip)';
COMMENT ON COLUMN ruastat.originals.kind IS 'gzip or zip, by its first bytes';
