-- Which reports differ from what lies in reparse_report and reparse_block, and in what.
-- $1 bigint[], $2 date[], $3 uuid[]: keys they are stored under  $4, $5, $6: their keys now
SELECT domain, reporter, report_id, day, report_key, changed, records, new_records, messages, new_messages,
       quirks, new_quirks, new_domain, new_day
FROM ruastat_data.reparse_compare($1::bigint[], $2::date[], $3::uuid[], $4::bigint[], $5::date[], $6::uuid[])
