-- Folders were read up to here.  A mark moves back only under another UIDVALIDITY, or to 0: then the folder
-- gave UIDs anew, and none of its mails are known.  What it passes over and nothing can ever wait for needs no row any more; no mail is known under an older UIDVALIDITY.
-- The parts see what was there before: only what lies between the old mark and the new one is looked at.
-- $1 bigint: source_id  $2 bigint[]: folder_id  $3 text[]: name  $4 bigint[]: uidvalidity  $5 bigint[]: mark
WITH given AS (
    SELECT g.folder_id, g.uidvalidity, g.mark, g.name, f.uidvalidity AS old_uidvalidity, f.mark AS old_mark
    FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[]) AS g (folder_id, name, uidvalidity, mark)
    LEFT JOIN ruastat_data.folder f ON f.source_id = $1::bigint AND f.folder_id = g.folder_id
), moved AS (
    INSERT INTO ruastat_data.folder AS f (source_id, folder_id, name, uidvalidity, mark)
    SELECT $1::bigint, folder_id, name, uidvalidity, mark FROM given ORDER BY folder_id
    ON CONFLICT (source_id, folder_id) DO UPDATE
    SET name = excluded.name, uidvalidity = excluded.uidvalidity,
        mark = CASE WHEN f.uidvalidity = excluded.uidvalidity AND excluded.mark > 0
                    THEN greatest(f.mark, excluded.mark) ELSE excluded.mark END
), passed AS (
    DELETE FROM ruastat_data.seen s USING given g
    WHERE s.source_id = $1::bigint AND s.class = 'other'
      AND s.key > ruastat_data.mail_key(g.folder_id, g.uidvalidity,
          CASE WHEN g.uidvalidity = g.old_uidvalidity THEN g.old_mark ELSE 0 END)
      AND s.key <= ruastat_data.mail_key(g.folder_id, g.uidvalidity, g.mark)
), anew AS (
    DELETE FROM ruastat_data.seen s USING given g
    WHERE s.source_id = $1::bigint AND g.mark = 0 AND g.uidvalidity = g.old_uidvalidity
      AND s.key > ruastat_data.mail_key(g.folder_id, g.uidvalidity, 0)
      AND s.key <= ruastat_data.mail_key(g.folder_id, g.uidvalidity, 4294967295)
), older AS (
    DELETE FROM ruastat_data.seen s USING given g
    WHERE s.source_id = $1::bigint AND g.uidvalidity IS DISTINCT FROM g.old_uidvalidity
      AND s.key >= ruastat_data.mail_key(g.folder_id, 0, 0)
      AND s.key < ruastat_data.mail_key(g.folder_id, g.uidvalidity, 0)
)
DELETE FROM ruastat_data.seen s USING given g
WHERE s.source_id = $1::bigint AND g.uidvalidity IS DISTINCT FROM g.old_uidvalidity
  AND s.key > ruastat_data.mail_key(g.folder_id, g.uidvalidity, 4294967295)
  AND s.key <= ruastat_data.mail_key(g.folder_id, 4294967295, 4294967295)
