CREATE OR REPLACE VIEW ruastat.records_daily AS
SELECT r.domain, r.reporter, r.report_id, r.begin_at, r.end_at, r.day, r.source_ip, r.share AS messages,
       r.disposition, r.dkim_aligned, r.spf_aligned,
       ruastat_data.dmarc_pass(r.dkim_aligned, r.spf_aligned) AS dmarc_pass,
       r.dkim_recomputed, r.spf_recomputed,
       r.header_from, r.envelope_from, r.envelope_to, r.reasons, r.dkim, r.spf,
       r.dkim_authenticated, r.spf_authenticated, r.raw_source_ip, r.raw_disposition,
       r.raw_dkim_aligned, r.raw_spf_aligned, r.n, r.report_key, r.filed_on, r.first_day, r.said_key,
       ruastat_data.why(r.header_from, r.dkim_aligned, r.spf_aligned, r.dkim_recomputed, r.spf_recomputed,
           r.dkim, r.spf) AS why,
       ruastat_data.recomputed_by(r.dkim_recomputed, r.spf_recomputed, r.discovery_method) AS recomputed_by,
       ruastat_data.effective_override(r.reasons, r.dkim_aligned, r.spf_aligned, r.disposition, r.p, r.sp,
           r.testing, r.domain, r.header_from) AS effective_override
FROM (
    SELECT d.*, d.filed_on AS day, d.messages AS share, d.filed_on AS first_day
    FROM ruastat_data.record_detail d
    WHERE d.days = 1
    UNION ALL
    SELECT d.*, a.day, a.share, (d.begin_at AT TIME ZONE 'UTC')::date AS first_day
    FROM ruastat_data.record_detail d
    CROSS JOIN LATERAL ruastat_data.apportion(d.messages, d.begin_at, d.end_at) a
    WHERE d.days > 1) r;
COMMENT ON VIEW ruastat.records_daily IS 'A row for each record of each counted report and UTC day that its messages belong to: what ruastat.sources_daily sums; records outside the daily numbers are not there';
COMMENT ON COLUMN ruastat.records_daily.domain IS 'Policy domain, lower case';
COMMENT ON COLUMN ruastat.records_daily.reporter IS 'Who sent the report';
COMMENT ON COLUMN ruastat.records_daily.report_id IS 'The reporter''s own id of the report';
COMMENT ON COLUMN ruastat.records_daily.begin_at IS 'Start of the reporting period';
COMMENT ON COLUMN ruastat.records_daily.end_at IS 'End of the reporting period';
COMMENT ON COLUMN ruastat.records_daily.day IS 'UTC day that the messages belong to';
COMMENT ON COLUMN ruastat.records_daily.source_ip IS 'Address that connected to the reporter; NULL when what the report says is no address';
COMMENT ON COLUMN ruastat.records_daily.messages IS 'Messages of that day: the record''s, or its share of them where the report covers several days';
COMMENT ON COLUMN ruastat.records_daily.disposition IS 'What was done with the messages; pass is RFC 9990''s "no action, DMARC passed"';
COMMENT ON COLUMN ruastat.records_daily.dkim_aligned IS 'Aligned DKIM result as the reporter evaluated it; NULL when not said';
COMMENT ON COLUMN ruastat.records_daily.spf_aligned IS 'Aligned SPF result as the reporter evaluated it; NULL when not said';
COMMENT ON COLUMN ruastat.records_daily.dmarc_pass IS 'dkim_aligned or spf_aligned is pass; NULL (unknown) when neither is and one is not said';
COMMENT ON COLUMN ruastat.records_daily.dkim_recomputed IS 'Aligned DKIM result as recomputed from the raw results; NULL: they do not tell, or the report was stored by a ruastat that did not do this';
COMMENT ON COLUMN ruastat.records_daily.spf_recomputed IS 'Aligned SPF result as recomputed from the raw results; NULL: they do not tell, or the report was stored by a ruastat that did not do this';
COMMENT ON COLUMN ruastat.records_daily.header_from IS 'Domain of the From header field';
COMMENT ON COLUMN ruastat.records_daily.envelope_from IS 'Domain of the envelope sender; NULL when not said';
COMMENT ON COLUMN ruastat.records_daily.envelope_to IS 'Domain of the envelope recipient; NULL when not said';
COMMENT ON COLUMN ruastat.records_daily.reasons IS 'Policy override reasons, in the report''s order';
COMMENT ON COLUMN ruastat.records_daily.dkim IS 'All raw DKIM results, in the report''s order; a row each in ruastat.dkim_results';
COMMENT ON COLUMN ruastat.records_daily.spf IS 'All raw SPF results, in the report''s order; a row each in ruastat.spf_results';
COMMENT ON COLUMN ruastat.records_daily.dkim_authenticated IS 'Whether any raw DKIM result is pass, aligned or not';
COMMENT ON COLUMN ruastat.records_daily.spf_authenticated IS 'Whether any raw SPF result is pass, aligned or not';
COMMENT ON COLUMN ruastat.records_daily.raw_source_ip IS 'What stood for the address, unless that was a plain one';
COMMENT ON COLUMN ruastat.records_daily.raw_disposition IS 'What stood for the disposition when it is no word of the RFCs, also where it means one';
COMMENT ON COLUMN ruastat.records_daily.raw_dkim_aligned IS 'What stood in policy_evaluated/dkim when it is neither pass nor fail, also where it means one';
COMMENT ON COLUMN ruastat.records_daily.raw_spf_aligned IS 'What stood in policy_evaluated/spf when it is neither pass nor fail, also where it means one';
COMMENT ON COLUMN ruastat.records_daily.n IS 'Number of the record in its report, from 1';
COMMENT ON COLUMN ruastat.records_daily.report_key IS 'The report (ruastat.reports)';
COMMENT ON COLUMN ruastat.records_daily.filed_on IS 'Day under which the report is filed: the UTC day of its period''s midpoint, whatever it is; a condition on it is fast';
COMMENT ON COLUMN ruastat.records_daily.first_day IS 'First UTC day that the record''s messages belong to: a record has one row with day = greatest(first_day, the first day asked for)';
COMMENT ON COLUMN ruastat.records_daily.said_key IS 'The same for records with the same header_from, envelope_from, reasons, dkim and spf, reporters'' free words aside; it may be another with every version';
COMMENT ON COLUMN ruastat.records_daily.why IS 'Why DKIM or SPF gave no aligned pass, and where the reporter says otherwise than its results, in one sentence; NULL where there is nothing to say';
COMMENT ON COLUMN ruastat.records_daily.recomputed_by IS 'How organizational domains were found for dkim_recomputed and spf_recomputed: psl, the Public Suffix List; "psl, instead of the tree walk" where the reporter walked the DNS, so that it may differ for few domains; NULL: not recomputed';
COMMENT ON COLUMN ruastat.records_daily.effective_override IS 'The reason, of reasons, why less was done with messages that failed DMARC than the policy asks for: a word of ruastat.reason_type or what stood there; NULL where nothing was overridden';
