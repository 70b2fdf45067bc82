COPY ruastat_data.report (domain_id, day, report_key, identity_key, reporter_id, days, counted, begin_at,
    end_at, records, messages, records_hash, intake_id, imported_at, report_id, org_name, email,
    extra_contact_info, generator, version, xml_namespace, error, p, sp, np, adkim, aspf, pct, fo, testing,
    discovery_method, quirks, partial, records_checked, records_disagreeing, messages_checked,
    messages_disagreeing)
FROM STDIN (FORMAT binary)
