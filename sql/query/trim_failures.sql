-- Delete up to 1000 failure reports that were stored more than so many days ago, and say so in the
-- ledger: how many.
-- $1 integer: days
WITH old AS (
    SELECT domain_id, day, report_key FROM ruastat_data.failure
    WHERE imported_at < now() - make_interval(days => $1::integer)
    ORDER BY imported_at
    LIMIT 1000
    FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM ruastat_data.failure f USING old o
    WHERE f.domain_id = o.domain_id AND f.day = o.day AND f.report_key = o.report_key
    RETURNING f.domain_id, f.day, f.report_key, f.intake_id, f.imported_at
), told AS (
    UPDATE ruastat_data.intake_part p
    SET report_key = NULL, reason = 'the report was deleted: failure_days have passed'
    FROM gone g
    WHERE p.intake_id = g.intake_id AND p.read_at = g.imported_at AND p.domain_id = g.domain_id
      AND p.day = g.day AND p.report_key = g.report_key
)
SELECT count(*) FROM gone
