-- Where a sequence goes on.
-- $1 text: its name  $2 bigint: value  $3 boolean: whether that one was handed out
SELECT setval(format('ruastat_data.%I', $1::text)::regclass, $2::bigint, $3::boolean)
