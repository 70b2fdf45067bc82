-- A report's document, compressed as it came: its bytes, and kind: gzip or zip.
-- $1 text: domain  $2 date: the day it is filed under  $3 uuid: its key
SELECT bytes, kind
FROM ruastat.originals
WHERE domain = lower(rtrim($1, '.')) AND filed_on = $2::date AND report_key = $3::uuid
