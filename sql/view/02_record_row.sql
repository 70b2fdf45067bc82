-- A row for each record, with what sums need.  The domain's name is joined in here, below the UNION of
-- record_day, so that a condition on it reaches the index.
CREATE OR REPLACE VIEW ruastat_data.record_row AS
SELECT d.name AS domain, b.domain_id, b.day, b.days, b.report_key, r.source_ip, r.messages,
       r.disposition, r.dkim_aligned, r.spf_aligned, r.dkim_authenticated, r.spf_authenticated
FROM ruastat_data.domain d
JOIN ruastat_data.record_block b ON b.domain_id = d.domain_id
CROSS JOIN LATERAL (
    -- in the select list, where unnest needs no tuplestore: half the time
    SELECT unnest(b.source_ip) AS source_ip, unnest(b.messages) AS messages,
           unnest(b.disposition) AS disposition, unnest(b.dkim_aligned) AS dkim_aligned,
           unnest(b.spf_aligned) AS spf_aligned, unnest(b.dkim_authenticated) AS dkim_authenticated,
           unnest(b.spf_authenticated) AS spf_authenticated) r;
