-- Whether no other process reparses: one at a time, until the connection ends.  The number is "reparse".
SELECT pg_try_advisory_lock(x'72657061727365'::bigint)
