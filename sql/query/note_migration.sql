-- Writes down that a migration (or the views) was applied.
-- $1 text: name  $2 text: SHA-256 of its text, hex
INSERT INTO ruastat_data.migration (name, checksum)
VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now()
