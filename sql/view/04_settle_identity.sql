-- What makes two revisions of a report tell of the same mail: one row a record.
CREATE OR REPLACE FUNCTION ruastat_data.revision_key(of_domain bigint, of_day date, of_report uuid)
RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT md5(ROW(r.source_ip, o.header_from, o.envelope_from, o.dkim, o.spf)::text)::uuid
    FROM (SELECT source_ip, outcome, outcomes FROM ruastat_data.record_block
          WHERE domain_id = of_domain AND day = of_day AND report_key = of_report
          UNION ALL
          SELECT source_ip, outcome, outcomes FROM ruastat_data.record_block_aside
          WHERE domain_id = of_domain AND day = of_day AND report_key = of_report) b
    CROSS JOIN LATERAL unnest(b.source_ip, b.outcome) AS r(source_ip, outcome)
    JOIN LATERAL unnest(b.outcomes) WITH ORDINALITY AS o(raw_disposition, raw_dkim_aligned,
        raw_spf_aligned, header_from, envelope_from, reasons, dkim, spf, dkim_recomputed,
        spf_recomputed, i) ON o.i = r.outcome
$$;

-- Add a report's records to the daily sums (sign 1) or take them out (sign -1).
CREATE OR REPLACE FUNCTION ruastat_data.add_report(of_domain bigint, of_day date, of_report uuid, sign integer)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO ruastat_data.domain_day AS d
    SELECT m.domain_id, m.day, sign * coalesce(sum(m.messages), 0),
           sign * coalesce(sum(m.messages_dmarc_pass), 0), sign * coalesce(sum(m.messages_dkim_aligned), 0),
           sign * coalesce(sum(m.messages_spf_aligned), 0),
           sign * coalesce(sum(m.messages_dkim_authenticated), 0),
           sign * coalesce(sum(m.messages_spf_authenticated), 0), sign * coalesce(sum(m.messages_unknown), 0),
           sign * coalesce(sum(m.messages_none), 0), sign * coalesce(sum(m.messages_quarantine), 0),
           sign * coalesce(sum(m.messages_reject), 0)
    FROM ruastat_data.record_day m
    WHERE m.domain_id = of_domain AND m.report_key = of_report
      AND m.day BETWEEN of_day - 32 AND of_day + 32
    GROUP BY m.domain_id, m.day
    ORDER BY m.domain_id, m.day
    ON CONFLICT (domain_id, day) DO UPDATE SET
        messages = d.messages + excluded.messages,
        messages_dmarc_pass = d.messages_dmarc_pass + excluded.messages_dmarc_pass,
        messages_dkim_aligned = d.messages_dkim_aligned + excluded.messages_dkim_aligned,
        messages_spf_aligned = d.messages_spf_aligned + excluded.messages_spf_aligned,
        messages_dkim_authenticated = d.messages_dkim_authenticated + excluded.messages_dkim_authenticated,
        messages_spf_authenticated = d.messages_spf_authenticated + excluded.messages_spf_authenticated,
        messages_unknown = d.messages_unknown + excluded.messages_unknown,
        messages_none = d.messages_none + excluded.messages_none,
        messages_quarantine = d.messages_quarantine + excluded.messages_quarantine,
        messages_reject = d.messages_reject + excluded.messages_reject
$$;

-- Of several revisions of one report (same identity, other records) choose those that count.  From
-- the one with most messages down (ties: the smaller hash), each counts that has no record key
-- (source_ip, header_from, envelope_from, raw results) in common with one that counts already: two
-- legal reports for one period both count, of a corrected one the fuller.  The choice depends on
-- the data alone, never on the order of arrival.  Moves the records in or out and the daily sums
-- with them.  The caller holds the identity's advisory lock.
CREATE OR REPLACE FUNCTION ruastat_data.settle_identity(of_domain bigint, of_day date, of_identity uuid)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    r record;
    counts boolean;
    keys uuid[];
    taken uuid[] := '{}';
BEGIN
    FOR r IN
        SELECT report_key, counted FROM ruastat_data.report
        WHERE domain_id = of_domain AND day = of_day AND identity_key = of_identity
        ORDER BY messages DESC, records_hash
    LOOP
        keys := ARRAY(SELECT DISTINCT ruastat_data.revision_key(of_domain, of_day, r.report_key));
        counts := NOT EXISTS (SELECT unnest(keys) INTERSECT SELECT unnest(taken));
        IF counts THEN
            taken := taken || keys;
        END IF;
        CONTINUE WHEN counts = r.counted;
        UPDATE ruastat_data.report SET counted = counts
            WHERE domain_id = of_domain AND day = of_day AND report_key = r.report_key;
        IF counts THEN
            INSERT INTO ruastat_data.record_block
                SELECT * FROM ruastat_data.record_block_aside
                WHERE domain_id = of_domain AND day = of_day AND report_key = r.report_key;
            DELETE FROM ruastat_data.record_block_aside
                WHERE domain_id = of_domain AND day = of_day AND report_key = r.report_key;
            PERFORM ruastat_data.add_report(of_domain, of_day, r.report_key, 1);
        ELSE
            PERFORM ruastat_data.add_report(of_domain, of_day, r.report_key, -1);
            INSERT INTO ruastat_data.record_block_aside
                SELECT * FROM ruastat_data.record_block
                WHERE domain_id = of_domain AND day = of_day AND report_key = r.report_key;
            DELETE FROM ruastat_data.record_block
                WHERE domain_id = of_domain AND day = of_day AND report_key = r.report_key;
        END IF;
    END LOOP;

    -- Tell the ledger: a part is a conflict while its report does not count.
    UPDATE ruastat_data.intake_part p
    SET outcome = CASE WHEN t.counted THEN 'imported' ELSE 'conflict' END::ruastat.outcome,
        reason = CASE WHEN NOT t.counted THEN 'another revision of this report has more messages' END
    FROM ruastat_data.report t
    WHERE t.domain_id = of_domain AND t.day = of_day AND t.identity_key = of_identity
      AND p.intake_id = t.intake_id AND p.domain_id = of_domain AND p.day = of_day
      AND p.report_key = t.report_key AND p.outcome IN ('imported', 'conflict');
    UPDATE ruastat_data.intake i
    SET outcome = ruastat_data.worst_outcome(i.intake_id)
    FROM ruastat_data.report t
    WHERE t.domain_id = of_domain AND t.day = of_day AND t.identity_key = of_identity
      AND i.intake_id = t.intake_id AND i.outcome <> ruastat_data.worst_outcome(i.intake_id);
END
$$;
