-- One row: whether ruastat's schema is here, and whether its partitions reach into next month; or the
-- clock is so far off (before there was DMARC, ten years behind the last of them) that by it none are
-- made: until it is right the default partitions take everything.
SELECT to_regclass('ruastat_data.migration') IS NOT NULL,
       CASE WHEN to_regclass('ruastat_data.record_' || to_char(now() + interval '1 month', 'YYYY_MM')) IS NOT NULL
                 OR now() < '2013-01-01'
            THEN true
            ELSE coalesce((SELECT now() > max(to_date(substr(relname, 8), 'YYYY_MM')) + interval '10 years'
                           FROM pg_class
                           WHERE relnamespace = to_regnamespace('ruastat_data')
                                 AND relname ~ '^record_\d{4}_\d\d$'), false)
       END
