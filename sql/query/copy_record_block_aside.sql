COPY ruastat_data.record_block_aside (domain_id, day, report_key, first_n, days, source_ip, messages, disposition,
    dkim_aligned, spf_aligned, dkim_authenticated, spf_authenticated, outcome, envelope_to, raw_source_ip,
    outcomes)
FROM STDIN (FORMAT binary)
