-- Turn a one-time link into a session, once: its role; no row where it was used or its time is up, or
-- was set while the clock was wrong and could be long.
-- $1 text: SHA-256 of the link's token, hex  $2 text: SHA-256 of the session's token, hex
WITH used AS (
    DELETE FROM ruastat_data.dashboard_link
    WHERE token_hash = decode($1, 'hex')
    RETURNING role, expires_at > now() AND expires_at < now() + interval '1 hour' AS valid
), begun AS (
    INSERT INTO ruastat_data.dashboard_session (token_hash, role)
    SELECT decode($2, 'hex'), role FROM used WHERE valid
)
SELECT role FROM used WHERE valid
