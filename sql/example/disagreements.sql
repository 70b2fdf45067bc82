-- Whose verdicts are not what follows from their own results, how often, and what may be the cause?
SELECT reporter, mechanism, claim, recomputed, records, messages, records_percent, last_day, why
FROM ruastat.disagreements
ORDER BY messages DESC
LIMIT 50
