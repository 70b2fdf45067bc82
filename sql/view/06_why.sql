-- Why DKIM ('DKIM', dkim_result[]) or SPF ('SPF', spf_result[]) gave no aligned pass, for postmasters.
-- Results of the domain in the From field, above or below it (own) tell more than others', a pass more
-- than what is none; DMARC looks at the envelope sender, so that the HELO name tells something only where
-- there is nothing else.  What passed for another domain and was not counted is called "not aligned"; for
-- the domain itself only where the recomputed verdict says so too: an older report may not have one.
-- Whoever reads a view calls this with his own rights, so it may name nothing in ruastat_data.
CREATE OR REPLACE FUNCTION ruastat_data.why_not(mechanism text, header_from text, results anyarray,
    recomputed ruastat.verdict)
RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    own constant text := lower(header_from);
    r record;
    d text;
    name text;
    rank integer;
    best integer := 9;
    names text[] := '{}'; -- of the best rank
    outcome text;         -- theirs, when it is the same for all
    seen integer := 0;
    n integer;
    unnamed boolean := false;
    list text;
BEGIN
    FOREACH r IN ARRAY coalesce(results, '{}') LOOP
        -- there was nothing to check
        CONTINUE WHEN r.result = 'none' AND (mechanism = 'DKIM' OR r.domain IS NULL);
        d := lower(r.domain);
        rank := CASE
                WHEN d = own OR right(d, length(own) + 1) = '.' || own
                    OR right(own, length(d) + 1) = '.' || d THEN 1
                WHEN d IS NULL AND r.result = 'pass' THEN 1 -- it may be own
                ELSE 3
            END + CASE WHEN r.result = 'pass' THEN 0 ELSE 1 END;
        name := coalesce(r.domain, 'an unnamed domain');
        IF mechanism = 'DKIM' THEN
            name := name || coalesce(' (selector ' || r.selector || ')', '');
        ELSE
            IF r.scope = 'helo' THEN
                rank := rank + 4;
                name := name || ' (HELO)';
            END IF;
            IF rank % 2 = 0 THEN
                name := CASE r.result WHEN 'none' THEN 'no SPF record'
                    ELSE coalesce(r.result::text, 'no known result') END || ' for ' || name;
            END IF;
        END IF;
        seen := seen + 1;
        unnamed := unnamed OR d IS NULL;
        CONTINUE WHEN rank > best;
        IF rank < best THEN
            best := rank;
            names := ARRAY[name];
            outcome := r.result;
        ELSE
            IF name <> ALL (names) THEN names := names || name; END IF;
            IF r.result::text IS DISTINCT FROM outcome THEN outcome := NULL; END IF;
        END IF;
    END LOOP;

    IF seen = 0 THEN
        RETURN CASE mechanism WHEN 'DKIM' THEN 'DKIM: no signature' ELSE 'SPF: no result in the report' END;
    END IF;
    n := cardinality(names);
    list := CASE
        WHEN n > 3 THEN array_to_string(names[1:3], ', ') || ' and ' || n - 3 || ' more'
        WHEN n > 1 THEN array_to_string(names[1:n - 1], ', ') || ' and ' || names[n]
        ELSE names[1]
    END;
    IF best % 4 = 3 OR best % 4 = 1 AND recomputed = 'fail' THEN
        RETURN lower(mechanism) || '=pass for ' || list || ' is not aligned' || coalesce(' with ' || header_from, '');
    ELSIF best % 4 = 1 THEN
        RETURN mechanism || ': passed for ' || list || ', yet the reporter does not count it as aligned';
    ELSIF mechanism = 'SPF' THEN
        RETURN 'SPF: ' || list;
    END IF;
    RETURN CASE WHEN best = 2 OR unnamed OR own IS NULL THEN 'DKIM: the signature of '
                ELSE 'DKIM: no signature of ' || header_from || ', and that of ' END
        || list
        || CASE outcome
            WHEN 'fail' THEN ' failed'
            ELSE ' did not pass' || coalesce(' (' || outcome || ')', '')
        END;
END
$$;

-- What a reporter says of DKIM ('DKIM', claim) or SPF against what follows from its results: passing are the
-- domains that passed, those of the domain in the From field first.
CREATE OR REPLACE FUNCTION ruastat_data.why_otherwise(mechanism text, claim ruastat.verdict,
    header_from text, passing text[])
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT mechanism || ': the reporter says ' || claim || ', yet '
        || CASE
            WHEN cardinality(passing) = 0 THEN 'nothing passed'
            ELSE lower(mechanism) || '=pass for ' || array_to_string(passing[1:3], ', ')
                || CASE WHEN cardinality(passing) > 3 THEN ' and ' || cardinality(passing) - 3 || ' more' ELSE '' END
                || CASE claim WHEN 'pass' THEN ' is not aligned' ELSE ' is aligned' END
                || coalesce(' with ' || header_from, '')
        END;
END;

-- The domains for which a result is pass.  The HELO name counts where there is no other.
CREATE OR REPLACE FUNCTION ruastat_data.passing(header_from text, results ruastat.dkim_result[])
RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT ARRAY(SELECT r.domain FROM unnest(results) r
                 WHERE r.result = 'pass' AND r.domain IS NOT NULL
                 GROUP BY r.domain ORDER BY ruastat_data.related(r.domain, header_from) DESC NULLS LAST, r.domain);
END;
CREATE OR REPLACE FUNCTION ruastat_data.passing(header_from text, results ruastat.spf_result[])
RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT ARRAY(SELECT r.domain FROM unnest(results) r
                 WHERE r.result = 'pass' AND r.domain IS NOT NULL
                   AND (r.scope IS DISTINCT FROM 'helo'
                        OR NOT EXISTS (SELECT FROM unnest(results) o WHERE o.scope IS DISTINCT FROM 'helo'))
                 GROUP BY r.domain ORDER BY ruastat_data.related(r.domain, header_from) DESC NULLS LAST, r.domain);
END;

-- Why a record has no aligned pass, and where the reporter says otherwise than its results, in one sentence;
-- NULL where both passed.
CREATE OR REPLACE FUNCTION ruastat_data.why(header_from text, dkim_aligned ruastat.verdict,
    spf_aligned ruastat.verdict, dkim_recomputed ruastat.verdict, spf_recomputed ruastat.verdict,
    dkim ruastat.dkim_result[], spf ruastat.spf_result[])
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN dkim_aligned IS NULL AND spf_aligned IS NULL THEN 'DKIM and SPF: the report does not say'
        ELSE nullif(concat_ws('; ',
            CASE
                WHEN dkim_aligned <> dkim_recomputed THEN ruastat_data.why_otherwise('DKIM', dkim_aligned,
                    header_from, ruastat_data.passing(header_from, dkim))
                WHEN dkim_aligned = 'fail' THEN ruastat_data.why_not('DKIM', header_from, dkim, dkim_recomputed)
                WHEN dkim_aligned IS NULL THEN 'DKIM: the report does not say'
            END,
            CASE
                WHEN spf_aligned <> spf_recomputed THEN ruastat_data.why_otherwise('SPF', spf_aligned,
                    header_from, ruastat_data.passing(header_from, spf))
                WHEN spf_aligned = 'fail' THEN ruastat_data.why_not('SPF', header_from, spf, spf_recomputed)
                WHEN spf_aligned IS NULL THEN 'SPF: the report does not say'
            END), '')
    END || '.';
END;

-- What may make a reporter's verdict differ from its results; mode is what the policy asks for.
CREATE OR REPLACE FUNCTION ruastat_data.likely_cause(claim ruastat.verdict, mode ruastat.alignment,
    discovery ruastat.discovery_method, header_from text, passing text[])
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN claim = 'pass' AND cardinality(passing) = 0
            THEN 'it seems to count what overrode the result, or leaves out results'
        WHEN claim = 'pass' AND mode = 's' AND ruastat_data.related(passing[1], header_from)
            THEN 'it seems not to heed that alignment is strict'
        WHEN discovery = 'treewalk'
            THEN 'it finds organizational domains in the DNS, here they come from the Public Suffix List'
        WHEN claim = 'pass' AND ruastat_data.related(passing[1], header_from)
            THEN 'it seems to take a public suffix for an organizational domain'
        WHEN claim = 'pass' THEN 'it seems to count any pass, aligned or not'
        WHEN header_from = ANY (passing) THEN 'its verdict seems to come from something else than its results'
        ELSE 'it seems to take relaxed alignment for strict, or knows other public suffixes'
    END;
END;
