-- The parts of one mail, with the report each of them is or is a copy of: records and messages of an
-- aggregate report, sessions of an SMTP TLS report; of a failure report when the message arrived.
-- $1 bigint: the mail's number
SELECT p.n, p.outcome, p.reason, p.member, p.kind, coalesce(r.domain, t.domain, f.domain) AS domain,
       coalesce(r.reporter, t.reporter, f.reporter) AS reporter,
       coalesce(r.report_id, t.report_id) AS report_id,
       to_char(coalesce(r.begin_at, t.begin_at, f.arrived_at) AT TIME ZONE 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS begin_at,
       to_char(coalesce(r.end_at, t.end_at, f.arrived_at) AT TIME ZONE 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS end_at,
       coalesce(r.day, t.day, f.filed_on) AS day, r.records, r.messages, t.successful_sessions,
       t.failed_sessions, coalesce(r.counted, t.counted) AS counted,
       coalesce(r.intake_id, t.intake_id, f.intake_id) AS stored_from
FROM ruastat.intake_parts p
LEFT JOIN ruastat.reports r
  ON p.kind = 'aggregate' AND r.domain = p.domain AND r.report_key = p.report_key
LEFT JOIN ruastat.tls_reports t
  ON p.kind = 'tlsrpt' AND t.domain = p.domain AND t.filed_on = p.day AND t.report_key = p.report_key
LEFT JOIN ruastat.failures f
  ON p.kind = 'failure' AND f.domain = p.domain AND f.filed_on = p.day AND f.report_key = p.report_key
WHERE p.intake_id = $1::bigint
ORDER BY p.n
