-- A user's new password, if the old one is still the one that was looked at; all his sessions end but the
-- one that asked.  No row otherwise.
-- $1 text: name  $2 text: hash of the new password  $3 text: SHA-256 of the session's token, hex
-- $4 text: hash of the old password
WITH changed AS (
    UPDATE ruastat_data.dashboard_user SET password_hash = $2, generation = generation + 1
    WHERE name = $1 AND password_hash = $4
    RETURNING name, generation
), kept AS (
    UPDATE ruastat_data.dashboard_session s SET generation = changed.generation
    FROM changed
    WHERE s.name = changed.name AND s.token_hash = decode($3, 'hex')
), ended AS (
    DELETE FROM ruastat_data.dashboard_session s
    USING changed
    WHERE s.name = changed.name AND s.token_hash <> decode($3, 'hex')
)
SELECT name FROM changed
