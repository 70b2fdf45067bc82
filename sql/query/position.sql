-- How far an mbox was read; no row: not at all.
-- $1 bigint: source_id
SELECT inode, stop_at, last_at, uuid_send(first) || uuid_send(last)
FROM ruastat_data.mbox WHERE source_id = $1::bigint
