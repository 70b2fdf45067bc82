-- $1 text: name.  The hash of a user's password; no row where there is none of that name.
SELECT password_hash FROM ruastat_data.dashboard_user WHERE name = $1
