-- What autovacuum would do to the private cluster, which mostly is not up long enough for it: the
-- commands, for tables that changed much since they were last looked at.
SELECT format('VACUUM (ANALYZE) %I.%I', schemaname, relname)
FROM pg_stat_user_tables
WHERE schemaname = 'ruastat_data'
  AND (n_mod_since_analyze > 50000 AND n_mod_since_analyze > n_live_tup / 10
       OR n_dead_tup > 10000 AND n_dead_tup > n_live_tup / 5)
