-- Store SMTP TLS reports with their policies and failures.  They come sorted by identity, under locks on
-- those, and none of them is stored already.
-- $1 jsonb: an array of reports; times are Unix seconds, days those since 1970
WITH given AS MATERIALIZED (
    SELECT *, '1970-01-01'::date + g.day AS filed_on
    FROM jsonb_to_recordset($1::jsonb) AS g(domain_id bigint, day integer, report_key uuid,
        identity_key uuid, reporter_id bigint, days smallint, counted boolean, begin_at bigint,
        end_at bigint, successful_sessions bigint, failed_sessions bigint, content_hash text,
        intake_id bigint, imported_at bigint, report_id text, contact_info text,
        quirks ruastat.quirk[], policies jsonb)
), report AS (
    INSERT INTO ruastat_data.tls_report (domain_id, day, report_key, identity_key, reporter_id, days,
        counted, begin_at, end_at, successful_sessions, failed_sessions, content_hash, intake_id,
        imported_at, report_id, contact_info, quirks)
    SELECT domain_id, filed_on, report_key, identity_key, reporter_id, days, counted,
           to_timestamp(begin_at), to_timestamp(end_at), successful_sessions, failed_sessions,
           decode(content_hash, 'hex'), intake_id, to_timestamp(imported_at), report_id, contact_info,
           quirks
    FROM given
), policy AS MATERIALIZED (
    SELECT g.domain_id, g.filed_on, g.report_key, p.*
    FROM given g
    CROSS JOIN LATERAL jsonb_to_recordset(g.policies) AS p(n smallint,
        policy_type ruastat.tls_policy_type, raw_policy_type text, policy_domain text,
        policy_strings text[], mx_hosts text[], successful_sessions bigint, failed_sessions bigint,
        detailed_sessions bigint, failures jsonb)
), added AS (
    INSERT INTO ruastat_data.tls_policy (domain_id, day, report_key, n, policy_type, raw_policy_type,
        policy_domain, policy_strings, mx_hosts, successful_sessions, failed_sessions,
        detailed_sessions)
    SELECT domain_id, filed_on, report_key, n, policy_type, raw_policy_type, policy_domain,
           policy_strings, mx_hosts, successful_sessions, failed_sessions, detailed_sessions
    FROM policy
)
INSERT INTO ruastat_data.tls_failure (domain_id, day, report_key, policy_n, n, result_type,
    sending_mta_ip, raw_sending_mta_ip, receiving_ip, raw_receiving_ip, receiving_mx_hostname,
    receiving_mx_helo, failed_sessions, additional_information, failure_reason_code)
SELECT p.domain_id, p.filed_on, p.report_key, p.n, f.*
FROM policy p
CROSS JOIN LATERAL jsonb_to_recordset(p.failures) AS f(n integer, result_type text, sending_mta_ip inet,
    raw_sending_mta_ip text, receiving_ip inet, raw_receiving_ip text, receiving_mx_hostname text,
    receiving_mx_helo text, failed_sessions bigint, additional_information text,
    failure_reason_code text)
