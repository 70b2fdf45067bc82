-- Who came by the one-time link takes a name, and with it the session.  No row where the name is taken or
-- the session is not one of a link.
-- $1 text: name  $2 text: hash of the password  $3 text: SHA-256 of the session's token, hex
WITH mine AS (
    SELECT token_hash, role FROM ruastat_data.dashboard_session
    WHERE token_hash = decode($3, 'hex') AND name IS NULL
    FOR UPDATE
), made AS (
    INSERT INTO ruastat_data.dashboard_user (name, role, password_hash, last_login_at)
    SELECT $1, role, $2, now() FROM mine
    ON CONFLICT (name) DO NOTHING
    RETURNING name, generation
), taken AS (
    UPDATE ruastat_data.dashboard_session s SET name = made.name, generation = made.generation, role = NULL
    FROM made, mine
    WHERE s.token_hash = mine.token_hash
)
SELECT name FROM made
