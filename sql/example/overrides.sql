-- Where did receivers do less than the policy asks for, and why (forwarders, mailing lists, local policy)?
SELECT r.domain, r.reporter, r.effective_override AS reason, r.disposition, sum(r.messages) AS messages
FROM ruastat.records r
WHERE r.day >= current_date - 30 AND r.effective_override IS NOT NULL
GROUP BY r.domain, r.reporter, r.effective_override, r.disposition
ORDER BY messages DESC
LIMIT 50
