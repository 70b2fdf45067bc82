-- The period of "domains" and "sources", one row: from_day and to_day, inclusive.  What is not given
-- is made of the newest day there is: 30 days up to it.  NULL where there is neither.
-- $1 date: from, or NULL  $2 date: to, or NULL
WITH until AS (
    SELECT coalesce($2::date, greatest(max(day), $1::date)) AS day FROM ruastat.domains_daily
)
SELECT coalesce($1::date, day - 29) AS from_day, day AS to_day FROM until
