-- Before mails are tried again: the highest number of one that is kept, how many that hold something
-- unreadable are not, the first of the numbers asked for that no mail has (NULL: none).
-- $1 bigint[]: these mails alone, or NULL  $2 text: with a part of this outcome, or NULL
SELECT coalesce((SELECT max(intake_id) FROM ruastat_data.kept), 0),
       (SELECT count(*) FROM ruastat_data.intake i
        WHERE i.outcome IN ('corrupt', 'unsupported', 'too_big', 'refused')
          AND ($1::bigint[] IS NULL OR i.intake_id = ANY ($1::bigint[]))
          AND ($2::text IS NULL OR EXISTS (
              SELECT FROM ruastat_data.intake_part p
              WHERE p.intake_id = i.intake_id AND p.read_at = i.read_at AND p.outcome = $2::ruastat.outcome))
          AND NOT EXISTS (SELECT FROM ruastat_data.kept k WHERE k.intake_id = i.intake_id)),
       (SELECT min(id) FROM unnest($1::bigint[]) AS id
        WHERE NOT EXISTS (SELECT FROM ruastat_data.intake i WHERE i.intake_id = id))
