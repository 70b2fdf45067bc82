-- The session of a token, with who it is; no row where there is none, its time is up, or the password has
-- changed since.  That it was used is noted every few minutes.  One that begins in the future was begun
-- while the clock was wrong: it could last for any time.
-- $1 text: SHA-256 of the token, hex  $2 bigint: seconds it may last  $3 bigint: seconds unused
WITH noted AS (
    UPDATE ruastat_data.dashboard_session SET last_seen_at = now()
    WHERE token_hash = decode($1, 'hex') AND last_seen_at < now() - interval '5 minutes'
      AND started_at > now() - make_interval(secs => $2::bigint)
      AND last_seen_at > now() - make_interval(secs => $3::bigint)
)
SELECT s.name, coalesce(u.role, s.role) AS role
FROM ruastat_data.dashboard_session s
LEFT JOIN ruastat_data.dashboard_user u ON u.name = s.name AND u.generation = s.generation
WHERE s.token_hash = decode($1, 'hex')
  AND (s.name IS NULL OR u.name IS NOT NULL)
  AND s.started_at > now() - make_interval(secs => $2::bigint)
  AND s.last_seen_at > now() - make_interval(secs => $3::bigint)
  AND s.started_at < now() + interval '1 hour'
