-- 0007: the parts that tell of a report that was stored already, by that report.
--
-- When a report comes to another key ("ruastat reparse") they go with it.  Few parts are duplicates,
-- so the index costs an import next to nothing.
CREATE INDEX intake_part_duplicate ON ruastat_data.intake_part (report_key) WHERE outcome = 'duplicate';
