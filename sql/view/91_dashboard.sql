-- The role that the dashboard's statements run as: the views, the functions they name, and who is logged
-- in.  It may log in, but has no password: in a private cluster peer authentication lets the owner in as it,
-- on the admin's server who starts the dashboard becomes it (SET ROLE).  Where the migrating role may not
-- make roles, the admin makes it, as with ruastat_reader.
DO $$
BEGIN
    IF to_regrole('ruastat_dashboard') IS NULL THEN
        CREATE ROLE ruastat_dashboard LOGIN INHERIT;
    END IF;
EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
    NULL;
END
$$;
DO $$
BEGIN
    IF to_regrole('ruastat_dashboard') IS NOT NULL THEN
        GRANT USAGE ON SCHEMA ruastat_data TO ruastat_dashboard;
        GRANT SELECT, INSERT, UPDATE, DELETE ON ruastat_data.dashboard_user,
            ruastat_data.dashboard_session, ruastat_data.dashboard_link TO ruastat_dashboard;
    END IF;
END
$$;
-- Membership is another's to give where another made the roles.
DO $$
BEGIN
    IF to_regrole('ruastat_dashboard') IS NOT NULL AND to_regrole('ruastat_reader') IS NOT NULL
        AND NOT pg_has_role('ruastat_dashboard', 'ruastat_reader', 'USAGE') THEN
        GRANT ruastat_reader TO ruastat_dashboard;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END
$$;
DO $$
BEGIN
    IF to_regrole('ruastat_dashboard') IS NOT NULL
        AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        GRANT ruastat_dashboard TO CURRENT_USER;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    NULL;
END
$$;
