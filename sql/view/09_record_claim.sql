-- A row for each record of each counted report: what the reporter says and what follows from the raw
-- results.  Joined as record_detail joins.
CREATE OR REPLACE VIEW ruastat_data.record_claim AS
SELECT b.domain_id, b.day, b.report_key, b.first_n + x.i - 1 AS n, x.messages, x.dkim_aligned, x.spf_aligned,
       x.dkim_recomputed, x.spf_recomputed
FROM ruastat_data.record_block b
CROSS JOIN LATERAL (
    SELECT r.*, o.dkim_recomputed, o.spf_recomputed
    FROM (
        SELECT generate_subscripts(b.messages, 1) AS i, unnest(b.messages) AS messages,
               unnest(b.dkim_aligned) AS dkim_aligned, unnest(b.spf_aligned) AS spf_aligned,
               unnest(b.outcome) AS outcome) r
    FULL JOIN (
        SELECT u.dkim_recomputed, u.spf_recomputed, u.outcome
        FROM unnest(b.outcomes) WITH ORDINALITY AS u(raw_disposition, raw_dkim_aligned, raw_spf_aligned,
            header_from, envelope_from, reasons, dkim, spf, dkim_recomputed, spf_recomputed,
            outcome)) o ON o.outcome = r.outcome
    OFFSET 0) x
WHERE x.i IS NOT NULL;
