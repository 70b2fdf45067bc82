-- $1 bigint: source_id  $2 text: name
INSERT INTO ruastat_data.source (source_id, name) VALUES ($1::bigint, $2::text)
ON CONFLICT (source_id) DO NOTHING
