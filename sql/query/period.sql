-- The period of "domains" and "sources", one row: from_day and to_day, inclusive.  What is not given
-- is made of the newest day there is: 30 days up to it.  NULL where there is neither.
-- $1 date: from, or NULL  $2 date: to, or NULL
SELECT from_day, to_day FROM ruastat_data.period($1::date, $2::date)
