-- The command that takes rows of a backup.
-- $1 text: table  $2 text: its columns, separated by commas, as they were in the backup
SELECT format('COPY ruastat_data.%I (%s) FROM STDIN', $1::text,
              (SELECT string_agg(quote_ident(trim(both '"' from trim(c))), ', ')
               FROM unnest(string_to_array($2::text, ',')) AS c))
