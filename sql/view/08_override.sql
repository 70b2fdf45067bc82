-- How organizational domains were found for recomputed verdicts, in words.
CREATE OR REPLACE FUNCTION ruastat_data.recomputed_by(dkim_recomputed ruastat.verdict,
    spf_recomputed ruastat.verdict, discovery ruastat.discovery_method)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN dkim_recomputed IS NULL AND spf_recomputed IS NULL THEN NULL
        WHEN discovery = 'treewalk' THEN 'psl, instead of the tree walk'
        ELSE 'psl'
    END;
END;

-- How much is done with a message, from nothing to rejection.
CREATE OR REPLACE FUNCTION ruastat_data.severity(action ruastat.policy_action)
RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE action WHEN 'none' THEN 0 WHEN 'quarantine' THEN 1 WHEN 'reject' THEN 2 END;
END;
CREATE OR REPLACE FUNCTION ruastat_data.severity(action ruastat.disposition)
RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE action WHEN 'none' THEN 0 WHEN 'pass' THEN 0 WHEN 'quarantine' THEN 1 WHEN 'reject' THEN 2 END;
END;

-- The first of the reasons that can have overridden a policy.  OpenDMARC gives each record a local_policy
-- that tells of a failed ARC chain: it overrides nothing.
CREATE OR REPLACE FUNCTION ruastat_data.first_reason(reasons ruastat.override_reason[], wanted ruastat.reason_type)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(r.type::text, r.raw_type)
    FROM unnest(reasons) WITH ORDINALITY AS r(type, raw_type, comment, arc, arc_hops, arc_sealer,
        arc_source_ip, i)
    WHERE coalesce(r.type::text, r.raw_type) IS NOT NULL
      AND (wanted IS NULL OR r.type = wanted)
      AND NOT (r.type = 'local_policy' AND (r.arc = 'fail' OR r.comment ~* '^\s*arc=fail\M') IS TRUE)
    ORDER BY r.i LIMIT 1;
END;

-- The reason for which less was done with messages that failed DMARC, as the reporter says, than the policy
-- asks for: p, or below the policy's domain sp (whether a name exists, for np, is not known here).  With
-- testing=y one level less is asked for; a reporter that did just that and says so is told of, too.
CREATE OR REPLACE FUNCTION ruastat_data.effective_override(reasons ruastat.override_reason[],
    dkim_aligned ruastat.verdict, spf_aligned ruastat.verdict, disposition ruastat.disposition,
    p ruastat.policy_action, sp ruastat.policy_action, testing text, domain text, header_from text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN cardinality(reasons) = 0 OR ruastat_data.dmarc_pass(dkim_aligned, spf_aligned) IS NOT FALSE THEN NULL
        WHEN ruastat_data.severity(disposition) < asked - relaxed THEN ruastat_data.first_reason(reasons, NULL)
        WHEN ruastat_data.severity(disposition) < asked THEN ruastat_data.first_reason(reasons, 'policy_test_mode')
    END
    FROM (SELECT ruastat_data.severity(
                     CASE WHEN right(lower(header_from), length(domain) + 1) = '.' || domain THEN coalesce(sp, p)
                          ELSE p END) AS asked,
                 CASE WHEN lower(testing) = 'y' THEN 1 ELSE 0 END AS relaxed) policy;
END;
