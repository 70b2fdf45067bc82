-- Where mails that are tried again are laid out, for retry_apply.  Of this connection alone, and empty
-- again after each transaction.
SET LOCAL client_min_messages = warning;
CREATE TEMPORARY TABLE IF NOT EXISTS retry_intake (LIKE ruastat_data.intake) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS retry_part (LIKE ruastat_data.intake_part) ON COMMIT DELETE ROWS
