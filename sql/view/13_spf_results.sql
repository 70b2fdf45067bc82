CREATE OR REPLACE VIEW ruastat.spf_results AS
SELECT d.name AS domain, CASE WHEN b.days > 0 THEN b.day END AS day, r.source_ip, r.messages,
       o.header_from, k.domain AS spf_domain, k.scope, k.result, k.raw_result, k.human_result,
       r.spf_aligned, b.first_n + r.i::integer - 1 AS n, k.i::integer AS position, b.report_key,
       b.day AS filed_on
FROM ruastat_data.record_block b
JOIN ruastat_data.domain d ON d.domain_id = b.domain_id
CROSS JOIN LATERAL unnest(b.source_ip, b.messages, b.spf_aligned, b.outcome)
    WITH ORDINALITY AS r(source_ip, messages, spf_aligned, outcome, i)
JOIN LATERAL unnest(b.outcomes) WITH ORDINALITY AS o(raw_disposition, raw_dkim_aligned,
        raw_spf_aligned, header_from, envelope_from, reasons, dkim, spf, dkim_recomputed,
        spf_recomputed, i) ON o.i = r.outcome
CROSS JOIN LATERAL unnest(o.spf) WITH ORDINALITY AS k(domain, scope, result, raw_result, human_result, i);
COMMENT ON VIEW ruastat.spf_results IS 'A row for each raw SPF result of each record';
COMMENT ON COLUMN ruastat.spf_results.domain IS 'Policy domain, lower case';
COMMENT ON COLUMN ruastat.spf_results.day IS 'UTC day of the period''s midpoint; NULL when outside the daily numbers';
COMMENT ON COLUMN ruastat.spf_results.source_ip IS 'Address that connected to the reporter';
COMMENT ON COLUMN ruastat.spf_results.messages IS 'Messages of the record: do not add them up over several results of one record';
COMMENT ON COLUMN ruastat.spf_results.header_from IS 'Domain of the From header field';
COMMENT ON COLUMN ruastat.spf_results.spf_domain IS 'Domain that was checked';
COMMENT ON COLUMN ruastat.spf_results.scope IS 'Identity that was checked: mfrom or helo; NULL when not said';
COMMENT ON COLUMN ruastat.spf_results.result IS 'Raw result of the check, aligned or not (RFC 8601)';
COMMENT ON COLUMN ruastat.spf_results.raw_result IS 'What stood for the result when it is no word of the RFCs, also where it means one';
COMMENT ON COLUMN ruastat.spf_results.human_result IS 'The reporter''s explanation';
COMMENT ON COLUMN ruastat.spf_results.spf_aligned IS 'The record''s aligned SPF result as the reporter evaluated it';
COMMENT ON COLUMN ruastat.spf_results.n IS 'Number of the record in its report, from 1';
COMMENT ON COLUMN ruastat.spf_results.position IS 'Number of the result in its record, from 1';
COMMENT ON COLUMN ruastat.spf_results.report_key IS 'The report (ruastat.reports)';
COMMENT ON COLUMN ruastat.spf_results.filed_on IS 'Day under which the report is filed: the UTC day of its period''s midpoint, whatever it is; a condition on it is fast';
