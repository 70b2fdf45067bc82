-- 0009: how the last run of each mailbox went.
--
-- One row for each path or URL that was ever read, whatever became of it: one that could not be opened has
-- no source.  Written at the begin and the end of its run; a row that has begun and not ended is of a
-- run that is under way, or was killed.
CREATE TABLE ruastat_data.run (
    run_id    bigint PRIMARY KEY,
    path      text NOT NULL,
    source_id bigint,
    lock      text,
    begun_at  timestamptz NOT NULL,
    ended_at  timestamptz,
    result    text CHECK (result IN ('fine', 'unreadable', 'interrupted', 'trouble')),
    trouble   text,
    mails     bigint NOT NULL DEFAULT 0 CHECK (mails >= 0),
    well_at   timestamptz,
    CHECK ((ended_at IS NULL) = (result IS NULL))
);
COMMENT ON TABLE ruastat_data.run IS 'The last run of each mailbox';
COMMENT ON COLUMN ruastat_data.run.run_id IS 'the first 64 bits of SHA-256 of "run" and the path';
COMMENT ON COLUMN ruastat_data.run.path IS 'absolute, or a URL';
COMMENT ON COLUMN ruastat_data.run.lock IS 'the file in the state directory''s locks that is locked while it is under way';
COMMENT ON COLUMN ruastat_data.run.result IS 'NULL: it has not ended';
COMMENT ON COLUMN ruastat_data.run.mails IS 'new ones that were stored in this run';
COMMENT ON COLUMN ruastat_data.run.well_at IS 'when a run last read all of it';
