-- $1 bigint: the number of a mail.  A row when it is in the ledger.
SELECT 1 FROM ruastat_data.intake WHERE intake_id = $1::bigint
