-- Store failure reports.  They come sorted by key, under locks on those, and none of them is stored
-- already.
-- $1 jsonb: an array of reports; times are Unix seconds, days those since 1970
INSERT INTO ruastat_data.failure (domain_id, day, report_key, reporter_id, intake_id, imported_at,
    arrived_at, auth_failure, identity_alignment, delivery_result, raw_delivery_result, source_ip,
    raw_source_ip, source_port, incidents, from_field, subject, message_id, original_mail_from,
    original_rcpt_to, original_envelope_id, authentication_results, dkim_domain, dkim_identity,
    dkim_selector, spf_dns, reported_uri, reporting_mta, user_agent, version, header, body, quirks)
SELECT domain_id, '1970-01-01'::date + day, report_key, reporter_id, intake_id,
       to_timestamp(imported_at), to_timestamp(arrived_at), auth_failure, identity_alignment,
       delivery_result, raw_delivery_result, source_ip, raw_source_ip, source_port, incidents,
       from_field, subject, message_id, original_mail_from, original_rcpt_to, original_envelope_id,
       authentication_results, dkim_domain, dkim_identity, dkim_selector, spf_dns, reported_uri,
       reporting_mta, user_agent, version, header, body, quirks
FROM jsonb_to_recordset($1::jsonb) AS g(domain_id bigint, day integer, report_key uuid,
    reporter_id bigint, intake_id bigint, imported_at bigint, arrived_at bigint, auth_failure text,
    identity_alignment text, delivery_result ruastat.delivery_result, raw_delivery_result text,
    source_ip inet, raw_source_ip text, source_port integer, incidents bigint, from_field text,
    subject text, message_id text, original_mail_from text, original_rcpt_to text,
    original_envelope_id text, authentication_results text, dkim_domain text, dkim_identity text,
    dkim_selector text, spf_dns text, reported_uri text, reporting_mta text, user_agent text,
    version text, header text, body text, quirks ruastat.quirk[])
