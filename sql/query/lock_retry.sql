-- Whether no other process tries mails again: one at a time, until the connection ends.  The number is "retry".
SELECT pg_try_advisory_lock(x'7265747279'::bigint)
