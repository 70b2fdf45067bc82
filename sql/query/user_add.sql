-- A new user of the dashboard; no row where the name is taken.
-- $1 text: name  $2 text: role  $3 text: hash of the password
INSERT INTO ruastat_data.dashboard_user (name, role, password_hash)
VALUES ($1, $2::ruastat_data.dashboard_role, $3)
ON CONFLICT (name) DO NOTHING
RETURNING name
