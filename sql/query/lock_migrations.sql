-- One process migrates at a time; the lock goes with the connection.  The number is "ruastat".
SELECT pg_advisory_lock(x'72756173746174'::bigint)
