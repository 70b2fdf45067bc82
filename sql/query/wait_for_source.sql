-- Wait until nobody writes mails of a source any more: a run that was killed may have left a COMMIT on
-- its way, and what it stores must be known to the next.
-- $1 bigint: source_id
SELECT set_config('lock_timeout', '60s', true), pg_advisory_xact_lock($1::bigint)
