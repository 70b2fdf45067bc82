-- Remember mails; nothing has been done to them yet.  Sorted, so that two writers never wait in a circle.
-- $1 bigint[]: source_id of each mail  $2 uuid[]: its key  $3 seen_class[]: stored, unreadable or neither
INSERT INTO ruastat_data.seen (source_id, key, class, acknowledged)
SELECT source_id, key, class, 'keep'::ruastat_data.after_action
FROM unnest($1::bigint[], $2::uuid[], $3::ruastat_data.seen_class[]) AS mail (source_id, key, class)
ORDER BY source_id, key
ON CONFLICT (source_id, key) DO NOTHING
