-- The domain at a place in the list by records (1: the largest), and its records and last day.
SELECT domain, records, last_day
FROM (SELECT d.name AS domain, sum(cardinality(b.source_ip)) AS records, max(b.day) AS last_day,
             row_number() OVER (ORDER BY sum(cardinality(b.source_ip)) DESC, d.name) AS place
      FROM ruastat_data.record_block b
      JOIN ruastat_data.domain d USING (domain_id)
      GROUP BY d.name) s
WHERE place = (SELECT CASE WHEN :place > 0 THEN :place ELSE (1 + count(DISTINCT domain_id)) / 2 END
               FROM ruastat_data.record_block);
