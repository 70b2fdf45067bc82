CREATE OR REPLACE VIEW ruastat.report_sources AS
SELECT r.domain, r.day AS filed_on, r.report_key, r.source_ip, r.messages, m.messages_dmarc_pass,
       m.messages_dkim_aligned, m.messages_spf_aligned, m.messages_unknown, m.messages_none,
       m.messages_quarantine, m.messages_reject
FROM ruastat_data.record_row r
CROSS JOIN LATERAL ruastat_data.measure(r.messages, r.disposition, r.dkim_aligned, r.spf_aligned,
    r.dkim_authenticated, r.spf_authenticated) m;
COMMENT ON VIEW ruastat.report_sources IS 'A row for each record of each counted report, its numbers alone: faster to add up than ruastat.records';
COMMENT ON COLUMN ruastat.report_sources.domain IS 'Policy domain, lower case';
COMMENT ON COLUMN ruastat.report_sources.filed_on IS 'Day under which the report is filed';
COMMENT ON COLUMN ruastat.report_sources.report_key IS 'The report (ruastat.reports)';
COMMENT ON COLUMN ruastat.report_sources.source_ip IS 'Address that connected to the reporter; NULL when what the report says is no address';
COMMENT ON COLUMN ruastat.report_sources.messages IS 'Messages; NULL when the report does not give a readable number';
COMMENT ON COLUMN ruastat.report_sources.messages_dmarc_pass IS 'Messages with an aligned DKIM or an aligned SPF pass, as the reporter evaluated it';
COMMENT ON COLUMN ruastat.report_sources.messages_dkim_aligned IS 'Messages with an aligned DKIM pass';
COMMENT ON COLUMN ruastat.report_sources.messages_spf_aligned IS 'Messages with an aligned SPF pass';
COMMENT ON COLUMN ruastat.report_sources.messages_unknown IS 'Messages that did not pass and for which an aligned result is not said';
COMMENT ON COLUMN ruastat.report_sources.messages_none IS 'Messages on which no action was taken (disposition none or pass)';
COMMENT ON COLUMN ruastat.report_sources.messages_quarantine IS 'Messages that were quarantined';
COMMENT ON COLUMN ruastat.report_sources.messages_reject IS 'Messages that were rejected';
