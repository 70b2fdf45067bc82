-- A table: who may log in, by name.  No parameters.
SELECT json_build_object('rows', coalesce(json_agg(json_build_object(
           'name', name, 'role', role,
           'created_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
           'last_login_at', to_char(last_login_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
           ORDER BY name), '[]'),
       'total', count(*), 'next', NULL) AS body
FROM ruastat_data.dashboard_user
