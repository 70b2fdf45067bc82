-- The writer looks rows up by key and nothing else: no plan may depend on statistics that a first
-- import has not got yet.  And nothing of the server's defaults may weaken what it promises: a lock
-- must be waited for before the snapshot is taken, a COMMIT must be on disk when it is answered.
-- Memoize would hash a whole block of outcomes for each of its records: half of settle_identity's time.
SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off;
SET enable_bitmapscan = off; SET enable_memoize = off; SET plan_cache_mode = force_generic_plan;
SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off;
SET lock_timeout = '60s';
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
