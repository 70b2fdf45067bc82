CREATE OR REPLACE VIEW ruastat.records AS
SELECT domain, reporter, report_id, begin_at, end_at, CASE WHEN days > 0 THEN filed_on END AS day,
       source_ip, messages, disposition, dkim_aligned, spf_aligned,
       ruastat_data.dmarc_pass(dkim_aligned, spf_aligned) AS dmarc_pass,
       dkim_recomputed, spf_recomputed,
       header_from, envelope_from, envelope_to, reasons, dkim, spf,
       dkim_authenticated, spf_authenticated, raw_source_ip, raw_disposition,
       raw_dkim_aligned, raw_spf_aligned, n, report_key, filed_on,
       ruastat_data.why(header_from, dkim_aligned, spf_aligned, dkim_recomputed, spf_recomputed,
           dkim, spf) AS why,
       ruastat_data.recomputed_by(dkim_recomputed, spf_recomputed, discovery_method) AS recomputed_by,
       ruastat_data.effective_override(reasons, dkim_aligned, spf_aligned, disposition, p, sp,
           testing, domain, header_from) AS effective_override
FROM ruastat_data.record_detail;
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
COMMENT ON COLUMN ruastat.records.dkim_recomputed IS 'Aligned DKIM result as recomputed from the raw results; NULL: they do not tell, or the report was stored by a ruastat that did not do this';
COMMENT ON COLUMN ruastat.records.spf_recomputed IS 'Aligned SPF result as recomputed from the raw results; NULL: they do not tell, or the report was stored by a ruastat that did not do this';
COMMENT ON COLUMN ruastat.records.header_from IS 'Domain of the From header field';
COMMENT ON COLUMN ruastat.records.envelope_from IS 'Domain of the envelope sender; NULL when not said';
COMMENT ON COLUMN ruastat.records.envelope_to IS 'Domain of the envelope recipient; NULL when not said';
COMMENT ON COLUMN ruastat.records.reasons IS 'Policy override reasons, in the report''s order';
COMMENT ON COLUMN ruastat.records.dkim IS 'All raw DKIM results, in the report''s order; a row each in ruastat.dkim_results';
COMMENT ON COLUMN ruastat.records.spf IS 'All raw SPF results, in the report''s order; a row each in ruastat.spf_results';
COMMENT ON COLUMN ruastat.records.dkim_authenticated IS 'Whether any raw DKIM result is pass, aligned or not';
COMMENT ON COLUMN ruastat.records.spf_authenticated IS 'Whether any raw SPF result is pass, aligned or not';
COMMENT ON COLUMN ruastat.records.raw_source_ip IS 'What stood for the address, unless that was a plain one';
COMMENT ON COLUMN ruastat.records.raw_disposition IS 'What stood for the disposition when it is no word of the RFCs, also where it means one';
COMMENT ON COLUMN ruastat.records.raw_dkim_aligned IS 'What stood in policy_evaluated/dkim when it is neither pass nor fail, also where it means one';
COMMENT ON COLUMN ruastat.records.raw_spf_aligned IS 'What stood in policy_evaluated/spf when it is neither pass nor fail, also where it means one';
COMMENT ON COLUMN ruastat.records.n IS 'Number of the record in its report, from 1';
COMMENT ON COLUMN ruastat.records.report_key IS 'The report (ruastat.reports)';
COMMENT ON COLUMN ruastat.records.filed_on IS 'Day under which the report is filed: the UTC day of its period''s midpoint, whatever it is; a condition on it is fast';
COMMENT ON COLUMN ruastat.records.why IS 'Why DKIM or SPF gave no aligned pass, and where the reporter says otherwise than its results, in one sentence; NULL where there is nothing to say';
COMMENT ON COLUMN ruastat.records.recomputed_by IS 'How organizational domains were found for dkim_recomputed and spf_recomputed: psl, the Public Suffix List; "psl, instead of the tree walk" where the reporter walked the DNS, so that it may differ for few domains; NULL: not recomputed';
COMMENT ON COLUMN ruastat.records.effective_override IS 'The reason, of reasons, why less was done with messages that failed DMARC than the policy asks for: a word of ruastat.reason_type or what stood there; NULL where nothing was overridden';
