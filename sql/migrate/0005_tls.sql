-- 0005: SMTP TLS reports (RFC 8460).
--
-- A mail domain gets one or two a day from each large sender: thousands of rows a year, so none of the
-- tables is partitioned and no sums are kept.  Their documents are in ruastat_data.original, under the
-- report's key.

CREATE TYPE ruastat.tls_policy_type AS ENUM ('tlsa', 'sts', 'no-policy-found');

-- days: UTC days covered; 1 up to 25 hours, 0 when the report stays outside the daily numbers.
-- counted: false for a revision that lost against another (see settle_tls_identity).
CREATE TABLE ruastat_data.tls_report (
    domain_id           bigint NOT NULL,
    day                 date NOT NULL,
    report_key          uuid NOT NULL,
    identity_key        uuid NOT NULL,
    reporter_id         bigint NOT NULL,
    days                smallint NOT NULL CHECK (days BETWEEN 0 AND 33),
    counted             boolean NOT NULL,
    begin_at            timestamptz NOT NULL,
    end_at              timestamptz NOT NULL,
    successful_sessions bigint NOT NULL CHECK (successful_sessions >= 0),
    failed_sessions     bigint NOT NULL CHECK (failed_sessions >= 0),
    content_hash        bytea NOT NULL,
    intake_id           bigint NOT NULL,
    imported_at         timestamptz NOT NULL,
    report_id           text,
    contact_info        text,
    quirks              ruastat.quirk[] NOT NULL,
    PRIMARY KEY (domain_id, day, report_key)
);
COMMENT ON TABLE ruastat_data.tls_report IS 'A row for each SMTP TLS report that is stored';
COMMENT ON COLUMN ruastat_data.tls_report.content_hash IS 'digest of its policies and failures, in whatever order they stand';
CREATE INDEX tls_report_identity ON ruastat_data.tls_report (domain_id, day, identity_key);
CREATE INDEX tls_report_day ON ruastat_data.tls_report (day);
CREATE INDEX tls_report_long ON ruastat_data.tls_report (domain_id) WHERE days > 1;

CREATE TABLE ruastat_data.tls_policy (
    domain_id           bigint NOT NULL,
    day                 date NOT NULL,
    report_key          uuid NOT NULL,
    n                   smallint NOT NULL,
    policy_type         ruastat.tls_policy_type,
    raw_policy_type     text,
    policy_domain       text,
    policy_strings      text[] NOT NULL,
    mx_hosts            text[] NOT NULL,
    successful_sessions bigint CHECK (successful_sessions >= 0),
    failed_sessions     bigint CHECK (failed_sessions >= 0),
    detailed_sessions   bigint NOT NULL CHECK (detailed_sessions >= 0),
    PRIMARY KEY (domain_id, day, report_key, n)
);
COMMENT ON TABLE ruastat_data.tls_policy IS 'A row for each policy in an SMTP TLS report';
COMMENT ON COLUMN ruastat_data.tls_policy.failed_sessions IS 'by its summary';
COMMENT ON COLUMN ruastat_data.tls_policy.detailed_sessions IS 'failed ones, by its failure details added up';

CREATE TABLE ruastat_data.tls_failure (
    domain_id              bigint NOT NULL,
    day                    date NOT NULL,
    report_key             uuid NOT NULL,
    policy_n               smallint NOT NULL,
    n                      integer NOT NULL,
    result_type            text,
    sending_mta_ip         inet,
    raw_sending_mta_ip     text,
    receiving_ip           inet,
    raw_receiving_ip       text,
    receiving_mx_hostname  text,
    receiving_mx_helo      text,
    failed_sessions        bigint CHECK (failed_sessions >= 0),
    additional_information text,
    failure_reason_code    text,
    PRIMARY KEY (domain_id, day, report_key, policy_n, n)
);
COMMENT ON TABLE ruastat_data.tls_failure IS 'A row for each failure detail of a policy in an SMTP TLS report';
