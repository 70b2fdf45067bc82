-- Which mails hold a report that could not be stored, and why?  "ruastat explain" tells all of one.
SELECT i.intake_id, i.read_at, i.from_domain, p.outcome, p.reason, i.kept
FROM ruastat.intake i
JOIN ruastat.intake_parts p ON p.intake_id = i.intake_id AND p.read_at = i.read_at
WHERE p.outcome IN ('corrupt', 'unsupported', 'too_big', 'refused', 'conflict')
ORDER BY i.intake_id DESC
LIMIT 50
