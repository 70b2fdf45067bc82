-- A run of a mailbox ended; one that could not begin, in the same moment.  As run_begin, not waited for.
-- $1 bigint: run_id  $2 text: path  $3 text: result  $4 text: the trouble, or NULL
-- $5 bigint: mails stored  $6 boolean: it had begun
WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))
INSERT INTO ruastat_data.run AS r (run_id, path, begun_at, ended_at, result, trouble, mails, well_at)
SELECT $1::bigint, $2::text, now(), now(), $3::text, $4::text, $5::bigint,
       CASE WHEN $3::text IN ('fine', 'unreadable') THEN now() END
FROM quick
ON CONFLICT (run_id) DO UPDATE
SET begun_at = CASE WHEN $6::boolean THEN r.begun_at ELSE excluded.begun_at END,
    ended_at = excluded.ended_at, result = excluded.result, trouble = excluded.trouble,
    mails = excluded.mails, well_at = coalesce(excluded.well_at, r.well_at)
