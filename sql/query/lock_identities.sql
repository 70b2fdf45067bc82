-- Wait for whoever else writes one of these reports, until the end of the transaction.  The keys
-- come sorted, so that two writers never wait in a circle.
-- The sources are locked, after them and sorted too, for wait_for_source.
-- $1 bigint[]: the first 64 bits of identity keys, ascending  $2 bigint[]: source_id
SELECT count(pg_advisory_xact_lock(k)),
       (SELECT count(pg_advisory_xact_lock_shared(s))
        FROM (SELECT DISTINCT s FROM unnest($2::bigint[]) AS s ORDER BY s) AS source)
FROM unnest($1::bigint[]) AS k
