-- The bottom on which migrations stand; run once, under the lock of lock_migrations.
CREATE SCHEMA IF NOT EXISTS ruastat_data;
CREATE TABLE ruastat_data.migration (
    name       text PRIMARY KEY,
    checksum   text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
