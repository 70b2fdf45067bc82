-- Mails the source does not hold any more.
-- $1 bigint: source_id  $2 uuid[]: key
DELETE FROM ruastat_data.seen
WHERE source_id = $1::bigint AND key = ANY ($2::uuid[])
