-- What "ruastat reparse" does between two COPYs and a COMMIT: a page of originals, what differs, the
-- change.  The temporary tables are those of sql/query/reparse_tables.sql.

CREATE OR REPLACE FUNCTION ruastat_data.reparse_page(of_domain text, from_day date, to_day date,
    after_domain bigint, after_day date, after_report uuid, most integer, most_bytes bigint)
RETURNS TABLE (domain_id bigint, day date, report_key uuid, identity_key uuid, days smallint,
    intake_id bigint, imported_at bigint, name text, header bytea, member text, bytes bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    least bigint := -9223372036854775808;
    greatest bigint := 9223372036854775807;
BEGIN
    IF of_domain IS NOT NULL THEN
        SELECT min(d.domain_id), max(d.domain_id) INTO least, greatest
        FROM ruastat_data.domain d WHERE d.name = lower(rtrim(of_domain, '.'));
    END IF;
    RETURN QUERY
    SELECT o.domain_id, o.day, o.report_key, o.identity_key, o.days, o.intake_id, o.imported_at, o.name,
           o.header, o.file, o.bytes
    FROM (
        SELECT o.*, t.identity_key, t.days, t.intake_id, extract(epoch FROM t.imported_at)::bigint AS imported_at,
               d.name, i.header,
               -- A file that is no mail may say more by its own name than by one in it: message.c.
               CASE WHEN i.header IS NULL AND coalesce(p.member, '') !~ '^[^!]*![^!]*![0-9]+![0-9]+([!.]|$)'
                    THEN coalesce(i.name, p.member) ELSE p.member END AS file,
               sum(octet_length(o.bytes) + coalesce(octet_length(i.header), 0)) OVER sofar
                   - octet_length(o.bytes) - coalesce(octet_length(i.header), 0) AS before
        FROM (
            SELECT * FROM ruastat_data.original o
            WHERE (o.domain_id, o.day, o.report_key) > (after_domain, after_day, after_report)
              AND o.domain_id BETWEEN least AND greatest AND o.day BETWEEN from_day AND to_day
              AND NOT EXISTS (SELECT FROM pg_temp.reparse_moved m WHERE m.report_key = o.report_key)
            ORDER BY o.domain_id, o.day, o.report_key
            LIMIT most) o
        LEFT JOIN ruastat_data.report t
          ON t.domain_id = o.domain_id AND t.day = o.day AND t.report_key = o.report_key
        LEFT JOIN ruastat_data.domain d ON d.domain_id = o.domain_id
        LEFT JOIN ruastat_data.intake i ON i.intake_id = t.intake_id AND i.read_at = t.imported_at
        LEFT JOIN LATERAL (
            SELECT p.member FROM ruastat_data.intake_part p
            WHERE p.intake_id = t.intake_id AND p.read_at = t.imported_at AND p.report_key = t.report_key
            ORDER BY p.n LIMIT 1) p ON true
        WINDOW sofar AS (ORDER BY o.domain_id, o.day, o.report_key)) o
    WHERE o.before < most_bytes
    ORDER BY o.domain_id, o.day, o.report_key;
END
$$;

-- Whether the blocks of a report, as stored and as they are now, differ in anything.
CREATE OR REPLACE FUNCTION ruastat_data.reparse_blocks_differ(of_domain bigint, of_day date, of_report uuid)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM (SELECT * FROM ruastat_data.record_block
                     WHERE domain_id = of_domain AND day = of_day AND report_key = of_report
                     UNION ALL
                     SELECT * FROM ruastat_data.record_block_aside
                     WHERE domain_id = of_domain AND day = of_day AND report_key = of_report) s
        FULL JOIN (SELECT * FROM pg_temp.reparse_block
                   WHERE domain_id = of_domain AND day = of_day AND report_key = of_report) f
          ON f.first_n = s.first_n
        WHERE ROW(s.*) IS DISTINCT FROM ROW(f.*));
END
$$;

-- Notes in reparse_change what changes, and tells it.  changed holds any of the words identity (it is
-- another report, or of another day or reporter), records, derived (what follows from the same records),
-- digest (of the same records), quirks and values (all other columns, whichever there are).
CREATE OR REPLACE FUNCTION ruastat_data.reparse_compare(old_domains bigint[], old_days date[],
    old_reports uuid[], new_domains bigint[], new_days date[], new_reports uuid[])
RETURNS TABLE (domain text, reporter text, report_id text, day date, report_key uuid, changed text,
    records bigint, new_records bigint, messages bigint, new_messages bigint, quirks integer,
    new_quirks integer, new_domain text, new_day date)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    -- Compared by themselves, or no part of what a report says.
    apart text[] := '{domain_id,day,days,report_key,identity_key,reporter_id,counted,records,messages,records_hash,'
        'intake_id,imported_at,quirks,records_checked,records_disagreeing,messages_checked,messages_disagreeing}';
BEGIN
    RETURN QUERY
    WITH pair AS MATERIALIZED (
        SELECT s AS was, f AS now,
               ruastat_data.reparse_blocks_differ(s.domain_id, s.day, s.report_key) AS blocks
        FROM unnest(old_domains, old_days, old_reports, new_domains, new_days, new_reports)
            AS w(domain_id, day, report_key, new_domain_id, new_day, new_report_key)
        JOIN ruastat_data.report s
          ON s.domain_id = w.domain_id AND s.day = w.day AND s.report_key = w.report_key
        JOIN pg_temp.reparse_report f
          ON f.domain_id = w.new_domain_id AND f.day = w.new_day AND f.report_key = w.new_report_key
    ), difference AS MATERIALIZED (
        SELECT was, now, concat_ws(' ',
            CASE WHEN ((was).domain_id, (was).day, (was).days, (was).identity_key, (was).reporter_id)
                   <> ((now).domain_id, (now).day, (now).days, (now).identity_key, (now).reporter_id)
                 THEN 'identity' END,
            CASE WHEN ((was).records, (was).messages) <> ((now).records, (now).messages)
                   OR blocks AND (was).records_hash <> (now).records_hash THEN 'records'
                 WHEN blocks
                   OR ((was).records_checked, (was).records_disagreeing, (was).messages_checked,
                       (was).messages_disagreeing)
                   IS DISTINCT FROM ((now).records_checked, (now).records_disagreeing,
                       (now).messages_checked, (now).messages_disagreeing) THEN 'derived'
                 WHEN (was).records_hash <> (now).records_hash
                   OR (was).report_key <> (now).report_key AND (was).identity_key = (now).identity_key
                 THEN 'digest' END,
            CASE WHEN (was).quirks <> (now).quirks THEN 'quirks' END,
            CASE WHEN to_jsonb(was) - apart <> to_jsonb(now) - apart THEN 'values' END) AS changed
        FROM pair
    ), noted AS (
        INSERT INTO pg_temp.reparse_change
        SELECT (was).domain_id, (was).day, (was).report_key, (was).identity_key, (was).counted,
               (was).intake_id, (was).imported_at, (now).domain_id, (now).day, (now).report_key,
               (now).identity_key, (now).days, changed ~ 'identity|records|derived|digest',
               ((was).domain_id, (was).day, (was).report_key) <> ((now).domain_id, (now).day, (now).report_key)
        FROM difference WHERE changed <> ''
    )
    SELECT d.name, t.name, (was).report_id, (was).day, (was).report_key, changed, (was).records, (now).records,
           (was).messages, (now).messages, cardinality((was).quirks), cardinality((now).quirks), n.name,
           (now).day
    FROM difference
    LEFT JOIN ruastat_data.domain d ON d.domain_id = (was).domain_id
    LEFT JOIN ruastat_data.domain n ON n.domain_id = (now).domain_id
    LEFT JOIN ruastat_data.reporter t ON t.reporter_id = (was).reporter_id
    WHERE changed <> ''
    ORDER BY (was).domain_id, (was).day, (was).report_key;
END
$$;

-- Makes the changes that are noted in reparse_change, daily sums, revisions and the ledger with them.
-- The caller holds the advisory locks of the identities as they were and as they will be.
CREATE OR REPLACE FUNCTION ruastat_data.reparse_apply()
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- The old goes out, sums first.
    PERFORM count(ruastat_data.add_report(c.domain_id, c.day, c.report_key, -1))
        FROM (SELECT * FROM pg_temp.reparse_change WHERE rewrites ORDER BY domain_id, day, report_key) c;
    DELETE FROM ruastat_data.record_block b USING pg_temp.reparse_change c
        WHERE b.domain_id = c.domain_id AND b.day = c.day AND b.report_key = c.report_key AND c.rewrites;
    DELETE FROM ruastat_data.record_block_aside b USING pg_temp.reparse_change c
        WHERE b.domain_id = c.domain_id AND b.day = c.day AND b.report_key = c.report_key AND c.rewrites;
    DELETE FROM ruastat_data.report t USING pg_temp.reparse_change c
        WHERE t.domain_id = c.domain_id AND t.day = c.day AND t.report_key = c.report_key;

    -- Of several that are one report now, one stays: one that is stored and does not move before others.
    UPDATE pg_temp.reparse_change c SET absorbed = r.place > 1 OR EXISTS (
            SELECT FROM ruastat_data.report t
            WHERE t.domain_id = c.new_domain_id AND t.day = c.new_day AND t.report_key = c.new_report_key)
    FROM (SELECT domain_id, day, report_key, row_number() OVER (
              PARTITION BY new_domain_id, new_day, new_report_key
              ORDER BY moves, imported_at, intake_id, domain_id, day, report_key) AS place
          FROM pg_temp.reparse_change) r
    WHERE r.domain_id = c.domain_id AND r.day = c.day AND r.report_key = c.report_key;

    -- The new comes in.  What has rivals of its identity is put aside, for settle_identity to choose.
    UPDATE pg_temp.reparse_change c
    SET counts = CASE WHEN NOT c.rewrites THEN c.counted ELSE NOT EXISTS (
            SELECT FROM ruastat_data.report t
            WHERE t.domain_id = c.new_domain_id AND t.day = c.new_day AND t.identity_key = c.new_identity_key)
        AND NOT EXISTS (
            SELECT FROM pg_temp.reparse_change o
            WHERE o.new_domain_id = c.new_domain_id AND o.new_day = c.new_day
              AND o.new_identity_key = c.new_identity_key AND o.new_report_key <> c.new_report_key) END;
    UPDATE pg_temp.reparse_report f
    SET counted = c.counts, intake_id = c.intake_id, imported_at = c.imported_at
    FROM pg_temp.reparse_change c
    WHERE f.domain_id = c.new_domain_id AND f.day = c.new_day AND f.report_key = c.new_report_key
      AND NOT c.absorbed;
    INSERT INTO ruastat_data.report
        SELECT f.*
        FROM pg_temp.reparse_change c
        JOIN pg_temp.reparse_report f
          ON f.domain_id = c.new_domain_id AND f.day = c.new_day AND f.report_key = c.new_report_key
        WHERE NOT c.absorbed;
    DELETE FROM pg_temp.reparse_block b
        WHERE NOT EXISTS (
            SELECT FROM pg_temp.reparse_change c
            WHERE c.domain_id = b.domain_id AND c.day = b.day AND c.report_key = b.report_key
              AND c.rewrites AND NOT c.absorbed);
    UPDATE pg_temp.reparse_block b
    SET domain_id = c.new_domain_id, day = c.new_day, report_key = c.new_report_key, days = c.new_days
    FROM pg_temp.reparse_change c
    WHERE c.domain_id = b.domain_id AND c.day = b.day AND c.report_key = b.report_key;
    INSERT INTO ruastat_data.record_block
        SELECT b.* FROM pg_temp.reparse_change c
        JOIN pg_temp.reparse_block b
          ON b.domain_id = c.new_domain_id AND b.day = c.new_day AND b.report_key = c.new_report_key
        WHERE c.rewrites AND c.counts AND NOT c.absorbed;
    INSERT INTO ruastat_data.record_block_aside
        SELECT b.* FROM pg_temp.reparse_change c
        JOIN pg_temp.reparse_block b
          ON b.domain_id = c.new_domain_id AND b.day = c.new_day AND b.report_key = c.new_report_key
        WHERE c.rewrites AND NOT c.counts AND NOT c.absorbed;
    PERFORM count(ruastat_data.add_report(c.new_domain_id, c.new_day, c.new_report_key, 1))
        FROM (SELECT * FROM pg_temp.reparse_change WHERE rewrites AND counts AND NOT absorbed
              ORDER BY new_domain_id, new_day, new_report_key) c;

    -- Sorted: all are out before the first comes in.
    WITH gone AS (
        DELETE FROM ruastat_data.original o USING pg_temp.reparse_change c
        WHERE o.domain_id = c.domain_id AND o.day = c.day AND o.report_key = c.report_key AND c.moves
        RETURNING c.new_domain_id, c.new_day, c.new_report_key, o.bytes
    )
    INSERT INTO ruastat_data.original
        SELECT * FROM gone ORDER BY new_domain_id, new_day, new_report_key ON CONFLICT DO NOTHING;
    INSERT INTO pg_temp.reparse_moved
        SELECT new_report_key FROM pg_temp.reparse_change WHERE moves ON CONFLICT DO NOTHING;

    -- The ledger: copies of it in other mails, then its own part.
    UPDATE ruastat_data.intake_part p
    SET domain_id = c.new_domain_id, day = c.new_day, report_key = c.new_report_key
    FROM pg_temp.reparse_change c
    WHERE c.moves AND p.report_key = c.report_key AND p.domain_id = c.domain_id AND p.day = c.day
      AND p.outcome = 'duplicate';
    UPDATE ruastat_data.intake_part p
    SET domain_id = c.new_domain_id, day = c.new_day, report_key = c.new_report_key,
        outcome = CASE WHEN c.absorbed THEN 'duplicate' WHEN f.records = 0 THEN 'null_report'
                       ELSE 'imported' END::ruastat.outcome,
        reason = CASE WHEN c.absorbed THEN 'this report is stored already' END
    FROM pg_temp.reparse_change c
    JOIN pg_temp.reparse_report f
      ON f.domain_id = c.new_domain_id AND f.day = c.new_day AND f.report_key = c.new_report_key
    WHERE c.rewrites AND p.intake_id = c.intake_id AND p.read_at = c.imported_at
      AND p.domain_id = c.domain_id AND p.day = c.day AND p.report_key = c.report_key
      AND p.outcome IN ('imported', 'conflict', 'null_report');

    PERFORM count(ruastat_data.settle_identity(s.domain_id, s.day, s.identity_key))
        FROM (SELECT domain_id, day, identity_key FROM pg_temp.reparse_change
              WHERE rewrites
              UNION
              SELECT new_domain_id, new_day, new_identity_key FROM pg_temp.reparse_change
              WHERE rewrites
              ORDER BY domain_id, day, identity_key) s
        WHERE (SELECT count(*) > 1 OR bool_or(NOT t.counted) FROM ruastat_data.report t
               WHERE t.domain_id = s.domain_id AND t.day = s.day AND t.identity_key = s.identity_key);
    UPDATE ruastat_data.intake i
    SET outcome = ruastat_data.worst_outcome(i.intake_id)
    FROM pg_temp.reparse_change c
    WHERE c.rewrites AND i.intake_id = c.intake_id AND i.read_at = c.imported_at
      AND i.outcome <> ruastat_data.worst_outcome(i.intake_id);

    -- Days that no record tells of any more.
    DELETE FROM ruastat_data.domain_day d
    USING (SELECT DISTINCT domain_id, day FROM pg_temp.reparse_change WHERE rewrites) c
    WHERE d.domain_id = c.domain_id AND d.day BETWEEN c.day - 32 AND c.day + 32 AND d.messages = 0
      AND NOT EXISTS (SELECT FROM ruastat_data.record_day r WHERE r.domain_id = d.domain_id AND r.day = d.day);
END
$$;
