-- What a run left behind: reports, records, messages, bytes of all its tables with their indexes.
SELECT (SELECT count(*) FROM ruastat_data.report),
       (SELECT coalesce(sum(cardinality(source_ip)), 0) FROM ruastat_data.record_block),
       (SELECT coalesce(sum(messages), 0) FROM ruastat_data.domain_day),
       (SELECT sum(pg_total_relation_size(oid)) FROM pg_class
        WHERE relnamespace = 'ruastat_data'::regnamespace AND relkind = 'r' AND relname <> 'migration');
