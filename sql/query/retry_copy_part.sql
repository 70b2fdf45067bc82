COPY pg_temp.retry_part (intake_id, read_at, n, outcome, kind, member, reason, domain_id, day, report_key)
FROM STDIN (FORMAT binary)
