-- A one-time link for an administrator; those whose time is up go.
-- $1 text: SHA-256 of its token, hex  $2 bigint: seconds it may wait
WITH old AS (
    DELETE FROM ruastat_data.dashboard_link WHERE expires_at < now()
)
INSERT INTO ruastat_data.dashboard_link (token_hash, role, expires_at)
VALUES (decode($1, 'hex'), 'admin', now() + make_interval(secs => $2::bigint))
