COPY ruastat_data.kept (intake_id, size, key, further_key, bytes) FROM STDIN (FORMAT binary)
