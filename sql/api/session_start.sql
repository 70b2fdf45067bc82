-- Begin a session of a user whose password was right, if its hash is still the same: name and role; no row
-- otherwise.  Sessions whose time is up go.
-- $1 text: name  $2 text: SHA-256 of the session's token, hex  $3 text: hash of the password
-- $4 bigint: seconds a session may last  $5 bigint: seconds unused
WITH who AS (
    UPDATE ruastat_data.dashboard_user SET last_login_at = now()
    WHERE name = $1 AND password_hash = $3
    RETURNING name, role, generation
), old AS (
    DELETE FROM ruastat_data.dashboard_session
    WHERE started_at < now() - make_interval(secs => $4::bigint)
       OR last_seen_at < now() - make_interval(secs => $5::bigint)
       OR started_at > now() + interval '1 hour'
), begun AS (
    INSERT INTO ruastat_data.dashboard_session (token_hash, name, generation)
    SELECT decode($2, 'hex'), name, generation FROM who
)
SELECT name, role FROM who
