-- One row: whether ruastat's schema is here, and whether its partitions reach into next month.
SELECT to_regclass('ruastat_data.migration') IS NOT NULL,
       to_regclass('ruastat_data.record_' || to_char(now() + interval '1 month', 'YYYY_MM')) IS NOT NULL
