-- Empty every table a run fills, that is, all but the list of migrations.
DO $$
BEGIN
    EXECUTE (SELECT 'TRUNCATE ' || string_agg(format('ruastat_data.%I', relname), ', ')
             FROM pg_class
             WHERE relnamespace = 'ruastat_data'::regnamespace AND relkind IN ('r', 'p')
               AND NOT relispartition AND relname <> 'migration');
END
$$;
