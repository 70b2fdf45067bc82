-- Drop the oldest kept mails beyond a total; those that are tried again just now can wait.
-- $1 bigint: bytes
DELETE FROM ruastat_data.kept
WHERE intake_id IN (
    SELECT intake_id FROM ruastat_data.kept
    WHERE intake_id IN (
        SELECT intake_id
        FROM (SELECT intake_id, sum(size) OVER (ORDER BY intake_id DESC) AS total FROM ruastat_data.kept) k
        WHERE k.total > $1::bigint)
    FOR UPDATE SKIP LOCKED)
