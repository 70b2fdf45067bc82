-- 0004: recomputed alignment, ARC chains in override reasons, reports cut short.

-- Attributes at the end of a composite type that tables hold: rows from before stay as they are and read
-- as NULL there.
ALTER TYPE ruastat_data.outcome_set
    ADD ATTRIBUTE dkim_recomputed ruastat.verdict,
    ADD ATTRIBUTE spf_recomputed ruastat.verdict;
ALTER TYPE ruastat.override_reason
    ADD ATTRIBUTE arc ruastat.verdict,
    ADD ATTRIBUTE arc_hops smallint,
    ADD ATTRIBUTE arc_sealer text,
    ADD ATTRIBUTE arc_source_ip inet;

-- A record is checked when of DKIM or SPF both the claim and the recomputed verdict are known, and
-- disagrees when for one of them they differ.  NULL: stored before this was counted.
ALTER TABLE ruastat_data.report
    ADD COLUMN partial boolean NOT NULL DEFAULT false,
    ADD COLUMN records_checked bigint,
    ADD COLUMN records_disagreeing bigint,
    ADD COLUMN messages_checked bigint,
    ADD COLUMN messages_disagreeing bigint;

-- Few reports are in it: who disagrees is found without the others.
CREATE INDEX report_disagreeing ON ruastat_data.report (domain_id, day, report_key)
    WHERE records_disagreeing > 0;

-- The sums of all reports by reporter come from the index alone.
DROP INDEX ruastat_data.report_day;
CREATE INDEX report_day ON ruastat_data.report (day, domain_id, reporter_id)
    INCLUDE (end_at, days, counted, records_checked);
