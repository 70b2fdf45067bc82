-- 0006: failure reports (RFC 6591, RFC 9991).

CREATE TYPE ruastat.delivery_result AS ENUM ('delivered', 'spam', 'policy', 'reject', 'other');

-- Personal data: each row shows one message of somebody.  Rows are deleted some days after they were
-- stored (trim_failures.sql); ruastat_reader never sees them.
CREATE TABLE ruastat_data.failure (
    domain_id              bigint NOT NULL,
    day                    date NOT NULL,
    report_key             uuid NOT NULL,
    reporter_id            bigint NOT NULL,
    intake_id              bigint NOT NULL,
    imported_at            timestamptz NOT NULL,
    arrived_at             timestamptz NOT NULL,
    auth_failure           text,
    identity_alignment     text,
    delivery_result        ruastat.delivery_result,
    raw_delivery_result    text,
    source_ip              inet,
    raw_source_ip          text,
    source_port            integer,
    incidents              bigint CHECK (incidents >= 0),
    from_field             text,
    subject                text,
    message_id             text,
    original_mail_from     text,
    original_rcpt_to       text,
    original_envelope_id   text,
    authentication_results text,
    dkim_domain            text,
    dkim_identity          text,
    dkim_selector          text,
    spf_dns                text,
    reported_uri           text,
    reporting_mta          text,
    user_agent             text,
    version                text,
    header                 text,
    body                   text,
    quirks                 ruastat.quirk[] NOT NULL,
    PRIMARY KEY (domain_id, day, report_key)
);
COMMENT ON TABLE ruastat_data.failure IS 'A row for each failure report that is stored';
COMMENT ON COLUMN ruastat_data.failure.day IS 'UTC day of arrived_at';
COMMENT ON COLUMN ruastat_data.failure.body IS 'NULL unless the configuration says to keep bodies';
CREATE INDEX failure_imported ON ruastat_data.failure (imported_at);
CREATE INDEX failure_day ON ruastat_data.failure (day);
