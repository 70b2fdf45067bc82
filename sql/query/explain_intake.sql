-- One mail of the ledger; no row where there is none.
-- $1 bigint: its number
SELECT intake_id, to_char(read_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS read_at,
       source, name, outcome, message_id, from_domain, size, sha256, kept
FROM ruastat.intake
WHERE intake_id = $1::bigint
