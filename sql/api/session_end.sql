-- $1 text: SHA-256 of the session's token, hex
DELETE FROM ruastat_data.dashboard_session WHERE token_hash = decode($1, 'hex')
