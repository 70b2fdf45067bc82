-- The mails known of a source, by what they wait for: success (to be acknowledged), failure (to be
-- put away) or done; the keys one behind the other, 16 bytes each.
-- $1 bigint: source_id  $2 text: what is to be done to stored mails  $3 boolean: failures are put away
SELECT CASE
         WHEN class = 'success' AND $2::text <> 'keep' AND acknowledged::text <> $2::text THEN 'success'
         WHEN class = 'failure' AND $3::boolean AND acknowledged = 'keep' THEN 'failure'
         ELSE 'done'
       END,
       string_agg(uuid_send(key), ''::bytea)
FROM ruastat_data.seen
WHERE source_id = $1::bigint
GROUP BY 1
