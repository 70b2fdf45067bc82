-- A user's new password, which ends all his sessions; no row where there is no such user.
-- $1 text: name  $2 text: hash of the password
WITH ended AS (
    DELETE FROM ruastat_data.dashboard_session WHERE name = $1
)
UPDATE ruastat_data.dashboard_user SET password_hash = $2, generation = generation + 1
WHERE name = $1
RETURNING name
