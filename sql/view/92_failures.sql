-- The role for who may see failure reports, and they alone: they show messages of persons.
-- 90_reader.sql grants all views at once; this one is taken back before anybody can see it.
DO $$
BEGIN
    IF to_regrole('ruastat_failures') IS NULL THEN
        CREATE ROLE ruastat_failures NOLOGIN;
    END IF;
EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
    NULL;
END
$$;
DO $$
BEGIN
    IF to_regrole('ruastat_reader') IS NOT NULL THEN
        REVOKE ALL ON ruastat.failures FROM ruastat_reader;
    END IF;
    IF to_regrole('ruastat_failures') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA ruastat TO ruastat_failures;
        GRANT SELECT ON ruastat.failures TO ruastat_failures;
    END IF;
END
$$;
