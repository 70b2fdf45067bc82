COPY ruastat_data.kept (intake_id, size, bytes) FROM STDIN (FORMAT binary)
