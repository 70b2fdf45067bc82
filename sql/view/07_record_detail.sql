-- A row for each record of each counted report, with all that is known of it.  A block's records and
-- outcomes meet in a FULL JOIN behind OFFSET 0, though nothing is ever missing on either side: otherwise the
-- planner, who takes every array for ten elements, may choose a nested loop, and a block of 1000 records
-- and 1000 outcomes would cost a million comparisons.
CREATE OR REPLACE VIEW ruastat_data.record_detail AS
SELECT d.name AS domain, p.name AS reporter, t.report_id, t.begin_at, t.end_at, b.days, x.source_ip,
       x.messages, x.disposition, x.dkim_aligned, x.spf_aligned, x.header_from, x.envelope_from,
       x.envelope_to, x.reasons, x.dkim, x.spf, x.dkim_authenticated, x.spf_authenticated,
       x.raw_source_ip, x.raw_disposition, x.raw_dkim_aligned, x.raw_spf_aligned,
       b.first_n + x.i - 1 AS n, b.report_key, b.day AS filed_on, x.said_key,
       x.dkim_recomputed, x.spf_recomputed, t.p, t.sp, t.testing, t.discovery_method
FROM ruastat_data.domain d
JOIN ruastat_data.record_block b ON b.domain_id = d.domain_id
JOIN ruastat_data.report t
  ON t.domain_id = b.domain_id AND t.day = b.day AND t.report_key = b.report_key
JOIN ruastat_data.reporter p ON p.reporter_id = t.reporter_id
CROSS JOIN LATERAL (
    SELECT r.*, o.raw_disposition, o.raw_dkim_aligned, o.raw_spf_aligned, o.header_from,
           o.envelope_from, o.reasons, o.dkim, o.spf, o.said_key, o.dkim_recomputed, o.spf_recomputed
    FROM (
        -- in the select list, where unnest needs no tuplestore: half the time
        SELECT generate_subscripts(b.source_ip, 1) AS i, unnest(b.source_ip) AS source_ip,
               unnest(b.messages) AS messages, unnest(b.disposition) AS disposition,
               unnest(b.dkim_aligned) AS dkim_aligned, unnest(b.spf_aligned) AS spf_aligned,
               unnest(b.dkim_authenticated) AS dkim_authenticated,
               unnest(b.spf_authenticated) AS spf_authenticated, unnest(b.outcome) AS outcome,
               unnest(b.envelope_to) AS envelope_to, unnest(b.raw_source_ip) AS raw_source_ip) r
    FULL JOIN (
        SELECT u.*, hash_record_extended(ROW(u.header_from, u.envelope_from, u.reasons,
                   ruastat_data.bare(u.dkim), ruastat_data.bare(u.spf)), 0) AS said_key
        FROM unnest(b.outcomes) WITH ORDINALITY AS u(raw_disposition, raw_dkim_aligned, raw_spf_aligned,
            header_from, envelope_from, reasons, dkim, spf, dkim_recomputed, spf_recomputed,
            outcome)) o ON o.outcome = r.outcome
    OFFSET 0) x
WHERE x.i IS NOT NULL;
