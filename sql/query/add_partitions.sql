-- Make the months up to the next one; run under the lock of lock_migrations.
CALL ruastat_data.add_partitions()
