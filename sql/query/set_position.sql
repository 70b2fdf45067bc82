-- An mbox was read up to here.
-- $1 bigint: source_id  $2 bigint[]: inode, stop_at, last_at  $3 uuid[]: first, last
INSERT INTO ruastat_data.mbox (source_id, inode, stop_at, last_at, first, last)
VALUES ($1::bigint, ($2::bigint[])[1], ($2::bigint[])[2], ($2::bigint[])[3], ($3::uuid[])[1], ($3::uuid[])[2])
ON CONFLICT (source_id) DO UPDATE
SET inode = excluded.inode, stop_at = excluded.stop_at, last_at = excluded.last_at,
    first = excluded.first, last = excluded.last
