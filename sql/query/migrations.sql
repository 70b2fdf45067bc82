-- What was applied to this database: name, checksum.
SELECT name, checksum FROM ruastat_data.migration
