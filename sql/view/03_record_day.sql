-- Records by the day their messages belong to: those of a report of up to 25 hours to its own day,
-- those of a longer one spread over its days, those outside the daily numbers nowhere.
CREATE OR REPLACE VIEW ruastat_data.record_day AS
SELECT r.domain, r.domain_id, r.day, r.report_key, r.source_ip, r.messages, m.messages_dmarc_pass,
       m.messages_dkim_aligned, m.messages_spf_aligned, m.messages_dkim_authenticated,
       m.messages_spf_authenticated, m.messages_unknown, m.messages_none, m.messages_quarantine,
       m.messages_reject
FROM ruastat_data.record_row r
CROSS JOIN LATERAL ruastat_data.measure(r.messages, r.disposition, r.dkim_aligned, r.spf_aligned,
    r.dkim_authenticated, r.spf_authenticated) m
WHERE r.days = 1
UNION ALL
SELECT r.domain, r.domain_id, a.day, r.report_key, r.source_ip, a.share, m.messages_dmarc_pass,
       m.messages_dkim_aligned, m.messages_spf_aligned, m.messages_dkim_authenticated,
       m.messages_spf_authenticated, m.messages_unknown, m.messages_none, m.messages_quarantine,
       m.messages_reject
FROM ruastat_data.report t
JOIN ruastat_data.record_row r
  ON r.domain_id = t.domain_id AND r.day = t.day AND r.report_key = t.report_key
CROSS JOIN LATERAL ruastat_data.apportion(r.messages, t.begin_at, t.end_at) a
CROSS JOIN LATERAL ruastat_data.measure(a.share, r.disposition, r.dkim_aligned, r.spf_aligned,
    r.dkim_authenticated, r.spf_authenticated) m
WHERE t.days > 1 AND r.days > 1;
