-- Mails that were marked seen.
-- $1 bigint: source_id  $2 uuid[]: key
UPDATE ruastat_data.seen SET acknowledged = 'seen'
WHERE source_id = $1::bigint AND key = ANY ($2::uuid[])
