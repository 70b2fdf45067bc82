-- Who may log in to the dashboard.
SELECT u.name, u.role,
       to_char(u.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS created_at,
       to_char(u.last_login_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS last_login_at,
       (SELECT count(*) FROM ruastat_data.dashboard_session s WHERE s.name = u.name) AS sessions
FROM ruastat_data.dashboard_user u
ORDER BY u.name
