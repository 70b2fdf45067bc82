CREATE OR REPLACE VIEW ruastat.records AS
SELECT d.name AS domain, p.name AS reporter, t.report_id, t.begin_at, t.end_at,
       CASE WHEN b.days > 0 THEN b.day END AS day, r.source_ip, r.messages, r.disposition,
       r.dkim_aligned, r.spf_aligned,
       ruastat_data.dmarc_pass(r.dkim_aligned, r.spf_aligned) AS dmarc_pass,
       NULL::ruastat.verdict AS dkim_recomputed, NULL::ruastat.verdict AS spf_recomputed,
       o.header_from, o.envelope_from, r.envelope_to, o.reasons, o.dkim, o.spf,
       r.dkim_authenticated, r.spf_authenticated, r.raw_source_ip, o.raw_disposition,
       o.raw_dkim_aligned, o.raw_spf_aligned, b.first_n + r.i::integer - 1 AS n, b.report_key,
       b.day AS filed_on
FROM ruastat_data.record_block b
JOIN ruastat_data.report t
  ON t.domain_id = b.domain_id AND t.day = b.day AND t.report_key = b.report_key
JOIN ruastat_data.domain d ON d.domain_id = b.domain_id
JOIN ruastat_data.reporter p ON p.reporter_id = t.reporter_id
CROSS JOIN LATERAL unnest(b.source_ip, b.messages, b.disposition, b.dkim_aligned, b.spf_aligned,
        b.dkim_authenticated, b.spf_authenticated, b.outcome, b.envelope_to, b.raw_source_ip)
    WITH ORDINALITY AS r(source_ip, messages, disposition, dkim_aligned, spf_aligned,
        dkim_authenticated, spf_authenticated, outcome, envelope_to, raw_source_ip, i)
JOIN LATERAL unnest(b.outcomes) WITH ORDINALITY AS o(raw_disposition, raw_dkim_aligned,
        raw_spf_aligned, header_from, envelope_from, reasons, dkim, spf, i) ON o.i = r.outcome;
COMMENT ON VIEW ruastat.records IS 'A row for each record of each counted report: one source, one outcome, so many messages';
COMMENT ON COLUMN ruastat.records.domain IS 'Policy domain, lower case';
COMMENT ON COLUMN ruastat.records.reporter IS 'Who sent the report';
COMMENT ON COLUMN ruastat.records.report_id IS 'The reporter''s own id of the report';
COMMENT ON COLUMN ruastat.records.begin_at IS 'Start of the reporting period';
COMMENT ON COLUMN ruastat.records.end_at IS 'End of the reporting period';
COMMENT ON COLUMN ruastat.records.day IS 'UTC day of the period''s midpoint; NULL when outside the daily numbers';
COMMENT ON COLUMN ruastat.records.source_ip IS 'Address that connected to the reporter; NULL when what the report says is no address';
COMMENT ON COLUMN ruastat.records.messages IS 'Messages (count); NULL when the report does not give a readable number';
COMMENT ON COLUMN ruastat.records.disposition IS 'What was done with the messages; pass is RFC 9990''s "no action, DMARC passed"';
COMMENT ON COLUMN ruastat.records.dkim_aligned IS 'Aligned DKIM result as the reporter evaluated it; NULL when not said';
COMMENT ON COLUMN ruastat.records.spf_aligned IS 'Aligned SPF result as the reporter evaluated it; NULL when not said';
COMMENT ON COLUMN ruastat.records.dmarc_pass IS 'dkim_aligned or spf_aligned is pass; NULL (unknown) when neither is and one is not said';
COMMENT ON COLUMN ruastat.records.dkim_recomputed IS 'Aligned DKIM result as recomputed from the raw results; NULL: not recomputed';
COMMENT ON COLUMN ruastat.records.spf_recomputed IS 'Aligned SPF result as recomputed from the raw results; NULL: not recomputed';
COMMENT ON COLUMN ruastat.records.header_from IS 'Domain of the From header field';
COMMENT ON COLUMN ruastat.records.envelope_from IS 'Domain of the envelope sender; NULL when not said';
COMMENT ON COLUMN ruastat.records.envelope_to IS 'Domain of the envelope recipient; NULL when not said';
COMMENT ON COLUMN ruastat.records.reasons IS 'Policy override reasons, in the report''s order';
COMMENT ON COLUMN ruastat.records.dkim IS 'All raw DKIM results, in the report''s order; a row each in ruastat.dkim_results';
COMMENT ON COLUMN ruastat.records.spf IS 'All raw SPF results, in the report''s order; a row each in ruastat.spf_results';
COMMENT ON COLUMN ruastat.records.dkim_authenticated IS 'Whether any raw DKIM result is pass, aligned or not';
COMMENT ON COLUMN ruastat.records.spf_authenticated IS 'Whether any raw SPF result is pass, aligned or not';
COMMENT ON COLUMN ruastat.records.raw_source_ip IS 'What stood for the address when it is none';
COMMENT ON COLUMN ruastat.records.raw_disposition IS 'What stood for the disposition when it is no known word';
COMMENT ON COLUMN ruastat.records.raw_dkim_aligned IS 'What stood in policy_evaluated/dkim when it is neither pass nor fail';
COMMENT ON COLUMN ruastat.records.raw_spf_aligned IS 'What stood in policy_evaluated/spf when it is neither pass nor fail';
COMMENT ON COLUMN ruastat.records.n IS 'Number of the record in its report, from 1';
COMMENT ON COLUMN ruastat.records.report_key IS 'The report (ruastat.reports)';
COMMENT ON COLUMN ruastat.records.filed_on IS 'Day under which the report is filed: the UTC day of its period''s midpoint, whatever it is; a condition on it is fast';
