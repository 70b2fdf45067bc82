-- What autovacuum would do to the private cluster, which mostly is not up long enough for it: the
-- commands, for tables that changed much since they were last looked at; for the names of domains and
-- reporters, which are few and on which every plan depends, sooner.
SELECT format('VACUUM (ANALYZE) %I.%I', schemaname, relname)
FROM pg_stat_user_tables
WHERE schemaname = 'ruastat_data'
  AND (n_mod_since_analyze > CASE WHEN relname IN ('domain', 'reporter') THEN 0 ELSE 50000 END
       AND n_mod_since_analyze > n_live_tup / 10
       OR n_dead_tup > 10000 AND n_dead_tup > n_live_tup / 5)
