-- One report: what it says of itself, the sums of its records, the mail it came in.
-- $1 text: domain  $2 date: the day it is filed under  $3 uuid: its key
WITH report AS (
    SELECT * FROM ruastat.reports
    WHERE domain = lower(rtrim($1, '.')) AND filed_on = $2::date AND report_key = $3::uuid
), source_sums AS (
    SELECT sum(messages) AS messages, sum(messages_dmarc_pass) AS dmarc_pass,
           sum(messages_dkim_aligned) AS dkim_aligned, sum(messages_spf_aligned) AS spf_aligned,
           sum(messages_unknown) AS unknown, sum(messages_none) AS "none",
           sum(messages_quarantine) AS quarantine, sum(messages_reject) AS reject
    FROM ruastat.report_sources
    WHERE domain = lower(rtrim($1, '.')) AND filed_on = $2::date AND report_key = $3::uuid
), sums AS (
    SELECT s.*
    FROM source_sums t
    CROSS JOIN LATERAL ruastat_data.sums(t.messages, t.dmarc_pass, t.dkim_aligned, t.spf_aligned,
        t.unknown, t.none, t.quarantine, t.reject) s
)
SELECT row_to_json(body) AS body
FROM (
    SELECT r.domain, r.filed_on, r.report_key, r.day, r.reporter, r.report_id,
           ruastat_data.utc(r.begin_at) AS begin_at, ruastat_data.utc(r.end_at) AS end_at,
           r.records, r.messages, s.dmarc_pass, s.dmarc_percent, r.counted,
           s.dkim_aligned, s.spf_aligned, s.both, s.dkim_only, s.spf_only, s.neither, s.unknown,
           s.none, s.quarantine, s.reject, s.dkim_percent, s.spf_percent,
           r.days, r.org_name, r.email, r.extra_contact_info, r.error, r.generator, r.version,
           r.xml_namespace, r.partial, r.records_checked, r.records_disagreeing,
           json_build_object('p', r.p, 'sp', r.sp, 'np', r.np, 'adkim', r.adkim, 'aspf', r.aspf,
               'pct', r.pct, 'fo', r.fo, 'testing', r.testing,
               'discovery_method', r.discovery_method) AS policy,
           to_json(r.quirks) AS quirks,
           (SELECT json_build_object('intake_id', i.intake_id, 'name', i.name, 'source', i.source,
                'read_at', ruastat_data.utc(i.read_at), 'message_id', i.message_id,
                'from_domain', i.from_domain)
            FROM ruastat.intake i WHERE i.intake_id = r.intake_id) AS mail,
           (SELECT json_build_object('bytes', octet_length(o.bytes), 'kind', o.kind)
            FROM ruastat.originals o
            WHERE o.domain = r.domain AND o.filed_on = r.filed_on AND o.report_key = r.report_key) AS original
    FROM report r
    LEFT JOIN sums s ON r.counted) body
