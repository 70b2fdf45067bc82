-- Wait for whoever else writes one of these reports, until the end of the transaction.  The keys
-- come sorted, so that two writers never wait in a circle.
-- The source is locked for wait_for_source.
-- $1 bigint[]: the first 64 bits of identity keys, ascending  $2 bigint: source_id
SELECT count(pg_advisory_xact_lock(k)), pg_advisory_xact_lock_shared($2::bigint)
FROM unnest($1::bigint[]) AS k
