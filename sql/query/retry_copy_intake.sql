COPY pg_temp.retry_intake (intake_id, read_at, source_id, name, outcome, message_id, from_domain, size, sha256, header)
FROM STDIN (FORMAT binary)
