-- As known_mails, of a source with marks: what they cover is known anyway, so of that only the mails that
-- wait for something.  Marks and what lies between them are ranges of seen's primary key; there is no
-- UID 0.
-- $1 bigint: source_id  $2 text: what is to be done to stored mails  $3 boolean: failures are put away
WITH covered AS (
    SELECT ruastat_data.mail_key(folder_id, uidvalidity, 0) AS low,
           ruastat_data.mail_key(folder_id, uidvalidity, mark) AS high
    FROM ruastat_data.folder WHERE source_id = $1::bigint
), range AS (
    SELECT low, high, true AS marked FROM covered WHERE $2::text <> 'keep' OR $3::boolean
    UNION ALL
    SELECT coalesce(lag(high) OVER (ORDER BY low), '00000000-0000-0000-0000-000000000000'), low, false
    FROM (SELECT low, high FROM covered UNION ALL SELECT 'ffffffff-ffff-ffff-ffff-ffffffffffff', NULL) AS edge
), mail AS (
    SELECT s.key, r.marked,
           CASE
             WHEN class = 'success' AND $2::text <> 'keep' AND acknowledged::text <> $2::text THEN 'success'
             WHEN class = 'failure' AND $3::boolean AND acknowledged = 'keep' THEN 'failure'
             ELSE 'done'
           END AS state
    FROM range r
    JOIN ruastat_data.seen s ON s.source_id = $1::bigint AND s.key > r.low AND s.key <= r.high
)
SELECT state, string_agg(uuid_send(key), ''::bytea) FROM mail WHERE NOT marked OR state <> 'done' GROUP BY 1
