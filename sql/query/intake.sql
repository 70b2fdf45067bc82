-- The mails that were read, the newest first, with the reason of the part that decided the outcome;
-- total is how many there are.
-- $1 text: only this outcome, or NULL  $2 bigint: at most so many, or NULL for all
WITH mail AS (
    SELECT intake_id, read_at, outcome, name, from_domain
    FROM ruastat.intake
    WHERE $1::text IS NULL OR outcome = $1::ruastat.outcome
    ORDER BY intake_id DESC
    LIMIT $2::bigint
)
SELECT m.intake_id, to_char(m.read_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS read_at,
       m.outcome, p.kind, m.name, m.from_domain, p.reason,
       (SELECT count(*) FROM ruastat.intake
        WHERE $1::text IS NULL OR outcome = $1::ruastat.outcome) AS total
FROM mail m
LEFT JOIN LATERAL (
    SELECT kind, reason FROM ruastat.intake_parts
    WHERE intake_id = m.intake_id AND read_at = m.read_at AND outcome = m.outcome
    ORDER BY n
    LIMIT 1
) p ON true
ORDER BY m.intake_id DESC
