-- Why DKIM ('DKIM', dkim_result[]) or SPF ('SPF', spf_result[]) gave no aligned pass, for postmasters.
-- Results of the domain in the From field, above or below it (own) tell more than others', a pass more
-- than what is none; DMARC looks at the envelope sender, so that the HELO name tells something only where
-- there is nothing else.  Which other domains a reporter takes for aligned cannot be known here: only what
-- passed and yet was not counted is ever called "not aligned".
-- Whoever reads a view calls this with his own rights, so it may name nothing in ruastat_data.
CREATE OR REPLACE FUNCTION ruastat_data.why_not(mechanism text, header_from text, results anyarray)
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
        RETURN CASE mechanism WHEN 'DKIM' THEN 'no signature' ELSE 'no result in the report' END;
    END IF;
    n := cardinality(names);
    list := CASE
        WHEN n > 3 THEN array_to_string(names[1:3], ', ') || ' and ' || n - 3 || ' more'
        WHEN n > 1 THEN array_to_string(names[1:n - 1], ', ') || ' and ' || names[n]
        ELSE names[1]
    END;
    CASE (best - 1) % 4 + 1
    WHEN 1 THEN
        RETURN 'passed for ' || list || ', yet the reporter does not count it as aligned';
    WHEN 3 THEN
        IF mechanism = 'SPF' THEN
            RETURN 'not aligned, it passed for ' || list || coalesce(', not for ' || header_from, '');
        END IF;
        RETURN 'not aligned, only ' || list || CASE WHEN seen = n THEN ' signed' ELSE ' passed' END;
    ELSE
        IF mechanism = 'SPF' THEN
            RETURN list;
        END IF;
        RETURN CASE WHEN best = 2 OR unnamed OR own IS NULL THEN 'the signature of '
                    ELSE 'no signature of ' || header_from || ', and that of ' END
            || list
            || CASE outcome
                WHEN 'fail' THEN ' failed'
                ELSE ' did not pass' || coalesce(' (' || outcome || ')', '')
            END;
    END CASE;
END
$$;

-- The same for a record, in one sentence; NULL where both passed.
CREATE OR REPLACE FUNCTION ruastat_data.why(header_from text, dkim_aligned ruastat.verdict,
    spf_aligned ruastat.verdict, dkim ruastat.dkim_result[], spf ruastat.spf_result[])
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN dkim_aligned = 'pass' AND spf_aligned = 'pass' THEN NULL
        WHEN dkim_aligned IS NULL AND spf_aligned IS NULL THEN 'DKIM and SPF: the report does not say.'
        ELSE CASE
                WHEN dkim_aligned = 'pass' THEN ''
                WHEN dkim_aligned IS NULL THEN 'DKIM: the report does not say'
                ELSE 'DKIM: ' || ruastat_data.why_not('DKIM', header_from, dkim)
            END
            || CASE WHEN dkim_aligned = 'pass' OR spf_aligned = 'pass' THEN '' ELSE '; ' END
            || CASE
                WHEN spf_aligned = 'pass' THEN '.'
                WHEN spf_aligned IS NULL THEN 'SPF: the report does not say.'
                ELSE 'SPF: ' || ruastat_data.why_not('SPF', header_from, spf) || '.'
            END
    END;
END;
