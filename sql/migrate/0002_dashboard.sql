-- 0002: what the dashboard needs, and who may look at it.

-- The newest day of all, whatever the domain: where a period ends that nobody gave an end.
CREATE INDEX domain_day_day ON ruastat_data.domain_day (day);

-- Reports counted by day, of all domains: without their rows, which are ten times as wide.
CREATE INDEX report_day ON ruastat_data.report (day, domain_id, reporter_id) INCLUDE (end_at, days, counted);

-- Few rows, and every plan depends on how many of them have one name: the server's default waits for 50
-- changes, the private cluster for maintenance.
ALTER TABLE ruastat_data.domain SET (autovacuum_analyze_threshold = 5);
ALTER TABLE ruastat_data.reporter SET (autovacuum_analyze_threshold = 5);

CREATE TYPE ruastat_data.dashboard_role AS ENUM ('admin', 'viewer');

-- password_hash: "scrypt$log2(N)$r$p$salt$key", the last two in base64 (RFC 7914).  generation counts
-- passwords: a session of an older one is none, however closely a login and a change met.
CREATE TABLE ruastat_data.dashboard_user (
    name          text PRIMARY KEY CHECK (name ~ '^[a-z0-9._@+-]{1,64}$'),
    role          ruastat_data.dashboard_role NOT NULL,
    password_hash text NOT NULL,
    generation    integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_login_at timestamptz
);

-- Tokens are known by their SHA-256 alone: who reads this table cannot log in with it.
-- name is NULL for who came by a one-time link; role is what the link gave then.
CREATE TABLE ruastat_data.dashboard_session (
    token_hash   bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    name         text REFERENCES ruastat_data.dashboard_user ON DELETE CASCADE,
    role         ruastat_data.dashboard_role,
    generation   integer,
    started_at   timestamptz NOT NULL DEFAULT now(),
    last_seen_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((name IS NULL) <> (role IS NULL) AND (name IS NULL) = (generation IS NULL))
);
CREATE INDEX dashboard_session_name ON ruastat_data.dashboard_session (name);

CREATE TABLE ruastat_data.dashboard_link (
    token_hash bytea PRIMARY KEY CHECK (octet_length(token_hash) = 32),
    role       ruastat_data.dashboard_role NOT NULL,
    expires_at timestamptz NOT NULL
);
