-- 0001: sources, intake, reports, records, daily sums.
--
-- How records are kept, and why: measured on 969,557 records in 93,960 reports shaped like the
-- corpus (40 domains, 180 days), two COPY connections, 200 reports a transaction, two cores,
-- PostgreSQL 15, fsync on; queries warm, for a domain of 239,446 records: its sources over 30 days,
-- its sums over 90 days.  Bytes are heap, TOAST and indexes.
--
--                                            records/s  bytes/record  sources ms  daily ms
--   child tables for dkim, spf, reasons         90,000           741          16        30
--   arrays of composites in the record         188,000           463          17        29
--   dictionary of outcomes, a domain's,
--     partitioned by month                      86,000           489          19        23
--   dictionary, report-side verdicts,
--     no envelope_to in it                     138,000           364          17        18
--   the same, no covering index                258,000           216          17        27
--   blocks: one row for up to 1000 records
--     of a report, columns as arrays, their
--     outcomes once per block, lz4             786,000            99          20        28
--
-- A dictionary gains little because half of all outcomes are new to their domain; within one report
-- most recur.  Blocks cost a query about 0.75 us a record and save four fifths of disk, WAL and
-- loading time, and a stranger who makes every outcome unique pays for himself alone (117 bytes a
-- record).  As built, 1,010,647 records in 94,000 reports take 96 bytes a record for the blocks and 476
-- with mails, headers and originals; the sources of the largest domain (37,182 records) over 30 days
-- take 43 ms, its daily sums over 90 days 0.2 ms.
--
-- The daily sums have a table of their own (domain_day, exact).  A table of sums by source and day
-- would hold 0.78 rows for each record: not worth keeping.
--
-- No foreign keys between these tables: one writer path fills them in one transaction, and
-- "ruastat verify" counts orphans.  Keys are digests (SHA-256 cut to 128 or 64 bits), domain_id
-- comes first on the report side, and no statement ever changes it.

CREATE SCHEMA ruastat;
COMMENT ON SCHEMA ruastat IS 'ruastat''s SQL interface: views that keep their columns from version to version';
COMMENT ON SCHEMA ruastat_data IS 'ruastat''s tables: they may change with every version; query the views in schema ruastat';

CREATE TYPE ruastat.report_kind AS ENUM ('aggregate', 'failure', 'tlsrpt');
CREATE TYPE ruastat.outcome AS ENUM ('imported', 'duplicate', 'conflict', 'null_report',
    'not_a_report', 'corrupt', 'unsupported', 'too_big', 'refused');
CREATE TYPE ruastat.policy_action AS ENUM ('none', 'quarantine', 'reject');
CREATE TYPE ruastat.alignment AS ENUM ('r', 's');
CREATE TYPE ruastat.discovery_method AS ENUM ('psl', 'treewalk');
CREATE TYPE ruastat.disposition AS ENUM ('none', 'pass', 'quarantine', 'reject');
CREATE TYPE ruastat.verdict AS ENUM ('pass', 'fail');
CREATE TYPE ruastat.auth_result AS ENUM ('none', 'pass', 'fail', 'softfail', 'policy', 'neutral',
    'temperror', 'permerror');
CREATE TYPE ruastat.spf_scope AS ENUM ('mfrom', 'helo');
CREATE TYPE ruastat.reason_type AS ENUM ('forwarded', 'sampled_out', 'trusted_forwarder',
    'mailing_list', 'local_policy', 'other', 'policy_test_mode');
CREATE TYPE ruastat.override_reason AS (type ruastat.reason_type, raw_type text, comment text);
CREATE TYPE ruastat.dkim_result AS (domain text, selector text, result ruastat.auth_result,
    raw_result text, human_result text);
CREATE TYPE ruastat.spf_result AS (domain text, scope ruastat.spf_scope, result ruastat.auth_result,
    raw_result text, human_result text);
CREATE TYPE ruastat.quirk AS (rule text, detail text);

-- Everything a record says but who sent how many to whom, and the verdicts that sums need.
CREATE TYPE ruastat_data.outcome_set AS (
    raw_disposition text, raw_dkim_aligned text, raw_spf_aligned text,
    header_from text, envelope_from text,
    reasons ruastat.override_reason[], dkim ruastat.dkim_result[], spf ruastat.spf_result[]);

CREATE TABLE ruastat_data.source (
    source_id bigint PRIMARY KEY,
    name      text NOT NULL
);

-- The id is a digest of the name, which makes the name unique.  A second unique index would make two
-- writers who add the same name at once fail instead of wait.
CREATE TABLE ruastat_data.domain (
    domain_id bigint PRIMARY KEY,
    name      text NOT NULL CHECK (name <> '' AND octet_length(name) <= 255)
);
CREATE INDEX domain_name ON ruastat_data.domain (name);

CREATE TABLE ruastat_data.reporter (
    reporter_id bigint PRIMARY KEY,
    name        text NOT NULL CHECK (octet_length(name) <= 1024)
);
CREATE INDEX reporter_name ON ruastat_data.reporter (name);

-- The mails of each source that are known.  Apart from intake, so that pruning that never makes a
-- mailbox be read again.  acknowledged: what was done to the mail after it was stored.
CREATE TYPE ruastat_data.seen_class AS ENUM ('success', 'failure', 'other');
CREATE TYPE ruastat_data.after_action AS ENUM ('keep', 'seen');
CREATE TABLE ruastat_data.seen (
    source_id    bigint NOT NULL,
    key          uuid NOT NULL,
    class        ruastat_data.seen_class NOT NULL,
    acknowledged ruastat_data.after_action NOT NULL,
    PRIMARY KEY (source_id, key)
);

CREATE SEQUENCE ruastat_data.intake_id;

-- One row for each message ever seen.
CREATE TABLE ruastat_data.intake (
    intake_id   bigint NOT NULL,
    read_at     timestamptz NOT NULL,
    source_id   bigint NOT NULL,
    name        text NOT NULL,
    outcome     ruastat.outcome NOT NULL,
    message_id  text,
    from_domain text,
    size        bigint NOT NULL CHECK (size >= 0),
    sha256      bytea,
    header      bytea,
    PRIMARY KEY (intake_id, read_at)
) PARTITION BY RANGE (read_at);
ALTER TABLE ruastat_data.intake ALTER header SET STORAGE MAIN;

-- One row for each report found in a message, or that should have been one.
CREATE TABLE ruastat_data.intake_part (
    intake_id  bigint NOT NULL,
    read_at    timestamptz NOT NULL,
    n          integer NOT NULL,
    outcome    ruastat.outcome NOT NULL,
    kind       ruastat.report_kind,
    member     text,
    reason     text,
    domain_id  bigint,
    day        date,
    report_key uuid,
    PRIMARY KEY (intake_id, read_at, n)
) PARTITION BY RANGE (read_at);

-- The bytes of messages that held something that could not be stored, for administrators only.
CREATE TABLE ruastat_data.kept (
    intake_id bigint PRIMARY KEY,
    size      bigint NOT NULL,
    bytes     bytea NOT NULL
);

-- days: UTC days covered; 1 up to 25 hours, 0 when the report stays outside the daily numbers.
-- counted: false for a revision that lost against another (see settle_identity).
CREATE TABLE ruastat_data.report (
    domain_id          bigint NOT NULL,
    day                date NOT NULL,
    report_key         uuid NOT NULL,
    identity_key       uuid NOT NULL,
    reporter_id        bigint NOT NULL,
    days               smallint NOT NULL CHECK (days BETWEEN 0 AND 33),
    counted            boolean NOT NULL,
    begin_at           timestamptz NOT NULL,
    end_at             timestamptz NOT NULL,
    records            bigint NOT NULL CHECK (records >= 0),
    messages           bigint NOT NULL CHECK (messages >= 0),
    records_hash       bytea NOT NULL,
    intake_id          bigint NOT NULL,
    imported_at        timestamptz NOT NULL,
    report_id          text,
    org_name           text,
    email              text,
    extra_contact_info text,
    generator          text,
    version            text,
    xml_namespace      text,
    error              text,
    p                  ruastat.policy_action,
    sp                 ruastat.policy_action,
    np                 ruastat.policy_action,
    adkim              ruastat.alignment,
    aspf               ruastat.alignment,
    pct                text,
    fo                 text,
    testing            text,
    discovery_method   ruastat.discovery_method,
    quirks             ruastat.quirk[] NOT NULL,
    PRIMARY KEY (domain_id, day, report_key)
) PARTITION BY RANGE (day);
CREATE INDEX report_identity ON ruastat_data.report (domain_id, day, identity_key);
-- Long reports are few, but their days are not known from the key.
CREATE INDEX report_long ON ruastat_data.report (domain_id) WHERE days > 1;

-- The report's document, compressed as it came (gzip or zip).
CREATE TABLE ruastat_data.original (
    domain_id  bigint NOT NULL,
    day        date NOT NULL,
    report_key uuid NOT NULL,
    bytes      bytea NOT NULL,
    PRIMARY KEY (domain_id, day, report_key)
) PARTITION BY RANGE (day);
ALTER TABLE ruastat_data.original ALTER bytes SET STORAGE EXTERNAL;

-- Up to 1000 records of a report.  Element i of each array is record first_n + i - 1; outcome holds
-- subscripts of outcomes, which are distinct within the block.
CREATE TABLE ruastat_data.record_block (
    domain_id          bigint NOT NULL,
    day                date NOT NULL,
    report_key         uuid NOT NULL,
    first_n            integer NOT NULL,
    days               smallint NOT NULL,
    source_ip          inet[] NOT NULL,
    messages           bigint[] NOT NULL,
    disposition        ruastat.disposition[] NOT NULL,
    dkim_aligned       ruastat.verdict[] NOT NULL,
    spf_aligned        ruastat.verdict[] NOT NULL,
    dkim_authenticated boolean[] NOT NULL,
    spf_authenticated  boolean[] NOT NULL,
    outcome            smallint[] NOT NULL,
    envelope_to        text[],
    raw_source_ip      text[],
    outcomes           ruastat_data.outcome_set[] NOT NULL,
    CONSTRAINT record_block_shape CHECK (
        cardinality(source_ip) BETWEEN 1 AND 1000
        AND cardinality(messages) = cardinality(source_ip)
        AND cardinality(disposition) = cardinality(source_ip)
        AND cardinality(dkim_aligned) = cardinality(source_ip)
        AND cardinality(spf_aligned) = cardinality(source_ip)
        AND cardinality(dkim_authenticated) = cardinality(source_ip)
        AND cardinality(spf_authenticated) = cardinality(source_ip)
        AND cardinality(outcome) = cardinality(source_ip)
        AND (envelope_to IS NULL OR cardinality(envelope_to) = cardinality(source_ip))
        AND (raw_source_ip IS NULL OR cardinality(raw_source_ip) = cardinality(source_ip))
        AND cardinality(outcomes) BETWEEN 1 AND 1000),
    PRIMARY KEY (domain_id, day, report_key, first_n)
) PARTITION BY RANGE (day);

CREATE INDEX record_long ON ruastat_data.record_block (domain_id) WHERE days > 1;

-- Where the servers' builds have it, lz4 is three times as fast as pglz at the same size.
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN
        SELECT format('ALTER TABLE %s ALTER %I SET COMPRESSION lz4', attrelid::regclass, attname) AS command
        FROM pg_attribute
        WHERE (attrelid = 'ruastat_data.record_block'::regclass AND attnum > 5
               OR attrelid = 'ruastat_data.intake'::regclass AND attname = 'header')
          AND NOT attisdropped
    LOOP
        EXECUTE c.command;
    END LOOP;
EXCEPTION WHEN feature_not_supported THEN
    NULL;
END
$$;

-- Records of revisions that do not count, in the same shape.
CREATE TABLE ruastat_data.record_block_aside (LIKE ruastat_data.record_block
    INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION,
    PRIMARY KEY (domain_id, day, report_key, first_n));

-- Sums by policy domain and UTC day, exact in the transaction of the records they sum.
CREATE TABLE ruastat_data.domain_day (
    domain_id                   bigint NOT NULL,
    day                         date NOT NULL,
    messages                    bigint NOT NULL,
    messages_dmarc_pass         bigint NOT NULL,
    messages_dkim_aligned       bigint NOT NULL,
    messages_spf_aligned        bigint NOT NULL,
    messages_dkim_authenticated bigint NOT NULL,
    messages_spf_authenticated  bigint NOT NULL,
    messages_unknown            bigint NOT NULL,
    messages_none               bigint NOT NULL,
    messages_quarantine         bigint NOT NULL,
    messages_reject             bigint NOT NULL,
    PRIMARY KEY (domain_id, day)
) WITH (fillfactor = 50);

-- Strangers' dates: whatever no month covers.
CREATE TABLE ruastat_data.report_other PARTITION OF ruastat_data.report DEFAULT;
CREATE TABLE ruastat_data.original_other PARTITION OF ruastat_data.original DEFAULT;
CREATE TABLE ruastat_data.record_other PARTITION OF ruastat_data.record_block DEFAULT;
CREATE TABLE ruastat_data.intake_other PARTITION OF ruastat_data.intake DEFAULT;
CREATE TABLE ruastat_data.intake_part_other PARTITION OF ruastat_data.intake_part DEFAULT;

-- Make one month's partition of one table unless it is there: alone first, then attached, in a short
-- transaction of its own.  What strangers' dates put into the default partition for that month moves
-- over: otherwise it could not be attached.
CREATE PROCEDURE ruastat_data.add_partition(parent text, name text, other text, key text, from_day date,
    to_day date)
LANGUAGE plpgsql AS $$
BEGIN
    IF to_regclass(format('ruastat_data.%I', name)) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM set_config('lock_timeout', '10s', true);
    EXECUTE format('CREATE TABLE ruastat_data.%I (LIKE ruastat_data.%I INCLUDING ALL)', name, parent);
    EXECUTE format('LOCK TABLE ruastat_data.%I IN ACCESS EXCLUSIVE MODE', other);
    EXECUTE format('WITH moved AS (DELETE FROM ruastat_data.%1$I WHERE %2$I >= %3$L AND %2$I < %4$L RETURNING *)'
                   ' INSERT INTO ruastat_data.%5$I SELECT * FROM moved', other, key, from_day, to_day, name);
    EXECUTE format('ALTER TABLE ruastat_data.%I ATTACH PARTITION ruastat_data.%I FOR VALUES FROM (%L) TO (%L)',
                   parent, name, from_day, to_day);
    COMMIT;
END
$$;

-- The months from the first partition (a year before this was first called) to the next one from
-- now.  What came before is one partition back to 2012, DMARC's first year.  No report's date ever
-- makes a partition.
CREATE PROCEDURE ruastat_data.add_partitions()
LANGUAGE plpgsql AS $$
DECLARE
    this_month date := date_trunc('month', now() AT TIME ZONE 'UTC');
    first_month date := this_month - interval '1 year';
    month date;
    next_month date;
    suffix text;
BEGIN
    IF to_regclass('ruastat_data.report_before') IS NULL THEN
        CALL ruastat_data.add_partition('report', 'report_before', 'report_other', 'day', '2012-01-01', first_month);
        CALL ruastat_data.add_partition('original', 'original_before', 'original_other', 'day', '2012-01-01', first_month);
        CALL ruastat_data.add_partition('record_block', 'record_before', 'record_other', 'day', '2012-01-01', first_month);
    ELSE
        SELECT max(to_date(substr(relname, 8), 'YYYY_MM')) + interval '1 month' INTO first_month
        FROM pg_class
        WHERE relnamespace = 'ruastat_data'::regnamespace AND relname ~ '^record_\d{4}_\d\d$';
    END IF;
    FOR month IN SELECT generate_series(first_month, this_month + interval '1 month', '1 month')
    LOOP
        suffix := to_char(month, 'YYYY_MM');
        next_month := month + interval '1 month';
        CALL ruastat_data.add_partition('report', 'report_' || suffix, 'report_other', 'day', month, next_month);
        CALL ruastat_data.add_partition('original', 'original_' || suffix, 'original_other', 'day', month,
                                        next_month);
        CALL ruastat_data.add_partition('record_block', 'record_' || suffix, 'record_other', 'day', month,
                                        next_month);
        IF month >= this_month THEN
            CALL ruastat_data.add_partition('intake', 'intake_' || suffix, 'intake_other', 'read_at', month,
                                            next_month);
            CALL ruastat_data.add_partition('intake_part', 'intake_part_' || suffix, 'intake_part_other',
                                            'read_at', month, next_month);
        END IF;
    END LOOP;
END
$$;
