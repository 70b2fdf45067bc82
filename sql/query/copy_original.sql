COPY ruastat_data.original (domain_id, day, report_key, bytes) FROM STDIN (FORMAT binary)
