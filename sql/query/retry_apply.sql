-- Bring the ledger's rows of the mails in retry_intake, and their parts, up to what lies there; what is
-- the same already is not touched.  The bytes go that are needed no more, and what waits for the mails
-- in their mailboxes learns what they are now.  The caller holds the mails' advisory locks.
-- Whoever acknowledges mails at this moment is not waited for: they are out of the way then.
WITH fate AS MATERIALIZED (
    SELECT g.*, g.outcome IN ('corrupt', 'unsupported', 'too_big', 'refused') AS unreadable,
           EXISTS (SELECT FROM pg_temp.retry_part p
                   WHERE p.intake_id = g.intake_id AND p.kind = 'failure') AS personal,
           EXISTS (SELECT FROM pg_temp.retry_part p
                   WHERE p.intake_id = g.intake_id AND p.outcome = 'null_report'
                     AND p.report_key IS NULL) AS passed_over
    FROM pg_temp.retry_intake g
), mail AS (
    UPDATE ruastat_data.intake i
    SET outcome = f.outcome, message_id = coalesce(f.message_id, i.message_id),
        from_domain = coalesce(f.from_domain, i.from_domain), sha256 = coalesce(f.sha256, i.sha256),
        header = CASE WHEN f.outcome <> 'not_a_report' AND NOT f.personal THEN coalesce(f.header, i.header) END
    FROM fate f
    WHERE i.intake_id = f.intake_id AND i.read_at = f.read_at
      AND (i.outcome, i.message_id, i.from_domain, i.sha256, i.header)
       IS DISTINCT FROM (f.outcome, coalesce(f.message_id, i.message_id),
           coalesce(f.from_domain, i.from_domain), coalesce(f.sha256, i.sha256),
           CASE WHEN f.outcome <> 'not_a_report' AND NOT f.personal THEN coalesce(f.header, i.header) END)
), part AS (
    INSERT INTO ruastat_data.intake_part AS p (intake_id, read_at, n, outcome, kind, member, reason,
        domain_id, day, report_key)
    SELECT intake_id, read_at, n, outcome, kind, member, reason, domain_id, day, report_key
    FROM pg_temp.retry_part
    ORDER BY intake_id, read_at, n
    ON CONFLICT (intake_id, read_at, n) DO UPDATE
    SET outcome = excluded.outcome, kind = excluded.kind, member = excluded.member, reason = excluded.reason,
        domain_id = excluded.domain_id, day = excluded.day, report_key = excluded.report_key
    WHERE (p.outcome, p.kind, p.member, p.reason, p.domain_id, p.day, p.report_key)
       IS DISTINCT FROM (excluded.outcome, excluded.kind, excluded.member, excluded.reason,
           excluded.domain_id, excluded.day, excluded.report_key)
), gone AS (
    DELETE FROM ruastat_data.intake_part p USING fate f
    WHERE p.intake_id = f.intake_id AND p.read_at = f.read_at
      AND NOT EXISTS (SELECT FROM pg_temp.retry_part n WHERE n.intake_id = p.intake_id AND n.n = p.n)
), waits AS (
    SELECT s.source_id, s.key,
           CASE WHEN f.outcome = 'not_a_report' OR f.passed_over THEN 'other'
                WHEN f.unreadable THEN 'failure' ELSE 'success' END::ruastat_data.seen_class AS class
    FROM fate f
    JOIN ruastat_data.kept k ON k.intake_id = f.intake_id
    CROSS JOIN LATERAL (VALUES (k.key), (k.further_key)) AS known(key)
    -- Apart, so that each is looked up by its key: without statistics all of a mailbox would be read.
    CROSS JOIN LATERAL (
        SELECT source_id, key FROM ruastat_data.seen
        WHERE source_id = f.source_id AND key = known.key AND class = 'failure'
        FOR UPDATE SKIP LOCKED) s
), told AS (
    UPDATE ruastat_data.seen s SET class = w.class
    FROM waits w
    WHERE s.source_id = w.source_id AND s.key = w.key AND s.class <> w.class
)
DELETE FROM ruastat_data.kept k USING fate f
WHERE k.intake_id = f.intake_id AND (NOT f.unreadable OR f.personal)
