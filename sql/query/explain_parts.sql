-- The parts of one mail, with the report each of them is or is a copy of.
-- $1 bigint: the mail's number
SELECT p.n, p.outcome, p.reason, p.member, p.kind, r.domain, r.reporter, r.report_id,
       to_char(r.begin_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS begin_at,
       to_char(r.end_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS end_at,
       r.day, r.records, r.messages, r.counted, r.intake_id AS stored_from
FROM ruastat.intake_parts p
LEFT JOIN ruastat.reports r ON r.domain = p.domain AND r.report_key = p.report_key
WHERE p.intake_id = $1::bigint
ORDER BY p.n
