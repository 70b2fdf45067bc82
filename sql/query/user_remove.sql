-- Remove a user, and with him his sessions; no row where there is no such user.
-- $1 text: name
DELETE FROM ruastat_data.dashboard_user WHERE name = $1 RETURNING name
