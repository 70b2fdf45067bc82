-- The role for dashboards, Grafana and people: it can read the views and nothing else.  Where the
-- migrating role may not make roles, the admin makes it and the next migration grants.
DO $$
BEGIN
    IF to_regrole('ruastat_reader') IS NULL THEN
        CREATE ROLE ruastat_reader NOLOGIN;
    END IF;
EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
    NULL;
END
$$;
DO $$
BEGIN
    IF to_regrole('ruastat_reader') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA ruastat TO ruastat_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA ruastat TO ruastat_reader;
    END IF;
END
$$;
