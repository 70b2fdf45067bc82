-- $1 integer: so many new numbers for mails.
SELECT nextval('ruastat_data.intake_id') FROM generate_series(1, $1::integer)
