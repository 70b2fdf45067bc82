-- The next originals, in the order of their keys: what they are filed under, the mail they came in and
-- when, its header block, the names on the way to the document, the bytes.  intake_id is NULL where
-- the report is not an aggregate report or not there any more.  At least one while there are any.
-- $1 text: domain, or NULL for all  $2 date: filed from, inclusive, or NULL  $3 date: to, inclusive, or NULL
-- $4 bigint, $5 integer (days since 1970), $6 uuid: beyond this key  $7 integer: at most so many  $8 bigint: bytes
SELECT domain_id, day, report_key, identity_key, days, intake_id, imported_at, name, header, member, bytes
FROM ruastat_data.reparse_page($1::text, coalesce($2::date, '-infinity'), coalesce($3::date, 'infinity'),
                               $4::bigint, date '1970-01-01' + $5::integer, $6::uuid, $7::integer, $8::bigint)
