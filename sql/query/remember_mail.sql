-- A further key for a mail that is known by its first.
-- $1 bigint: source_id  $2 uuid: the key that is known  $3 uuid: the new one
INSERT INTO ruastat_data.seen (source_id, key, class, acknowledged)
SELECT source_id, $3::uuid, class, acknowledged FROM ruastat_data.seen
WHERE source_id = $1::bigint AND key = $2::uuid
ON CONFLICT (source_id, key) DO NOTHING
