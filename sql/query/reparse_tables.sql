-- Where "ruastat reparse" lays out what today's parser says, for the functions of 08_reparse.sql to
-- compare.  Of this connection alone, and empty again after each transaction, but for reparse_moved.
CREATE TEMPORARY TABLE reparse_report (LIKE ruastat_data.report) ON COMMIT DELETE ROWS;
CREATE INDEX ON pg_temp.reparse_report (domain_id, day, report_key);
-- Filed as the stored blocks are, so that both can be compared as they stand.
CREATE TEMPORARY TABLE reparse_block (LIKE ruastat_data.record_block) ON COMMIT DELETE ROWS;
CREATE INDEX ON pg_temp.reparse_block (domain_id, day, report_key, first_n);
-- What changes.  rewrites: more than the report's own row.  absorbed: the same is stored already.
CREATE TEMPORARY TABLE reparse_change (
    domain_id bigint, day date, report_key uuid, identity_key uuid, counted boolean,
    intake_id bigint, imported_at timestamptz,
    new_domain_id bigint, new_day date, new_report_key uuid, new_identity_key uuid, new_days smallint,
    rewrites boolean, moves boolean, absorbed boolean, counts boolean,
    PRIMARY KEY (domain_id, day, report_key)) ON COMMIT DELETE ROWS;
-- Keys of this run's making: they may lie ahead of it and are not to be read again.
CREATE TEMPORARY TABLE reparse_moved (report_key uuid PRIMARY KEY)
