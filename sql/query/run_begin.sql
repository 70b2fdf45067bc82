-- A run of a mailbox begins.  Losing it in a crash of the server costs nothing, so nobody waits for the disk.
-- $1 bigint: run_id  $2 text: path  $3 bigint: source_id  $4 text: lock
WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO ruastat_data.run AS r (run_id, path, source_id, lock, begun_at)
SELECT $1::bigint, $2::text, $3::bigint, $4::text, now() FROM quick
ON CONFLICT (run_id) DO UPDATE
SET source_id = excluded.source_id, lock = excluded.lock, begun_at = excluded.begun_at,
    ended_at = NULL, result = NULL, trouble = NULL, mails = 0
