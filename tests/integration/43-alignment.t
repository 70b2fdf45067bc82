#!/bin/bash
# Verdicts recomputed from raw results: beside the claim, counted, summed up by reporter; and override
# reasons that had an effect.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

begin=$(($(date -u +%s) / 86400 * 86400 - 5 * 86400))

# org, id, domain, rest of the policy; records on stdin
document()
{
	cat <<-END
	<feedback><report_metadata><org_name>$1</org_name><report_id>$2</report_id>
	<date_range><begin>$begin</begin><end>$((begin + 86399))</end></date_range></report_metadata>
	<policy_published><domain>$3</domain>$4</policy_published>
	END
	cat
	echo '</feedback>'
}

# count, disposition, claims "dkim spf", header_from, auth_results, reasons
record()
{
	cat <<-END
	<record><row><source_ip>192.0.2.1</source_ip><count>$1</count><policy_evaluated>
	<disposition>$2</disposition><dkim>${3% *}</dkim><spf>${3#* }</spf>${6:-}</policy_evaluated></row>
	<identifiers><header_from>$4</header_from></identifiers><auth_results>$5</auth_results></record>
	END
}

# type and comment
reason()
{
	echo "<reason><type>$1</type><comment>${2:-}</comment></reason>"
}

d='<dkim><domain>%s</domain><selector>s</selector><result>%s</result></dkim>'
s='<spf><domain>%s</domain><scope>mfrom</scope><result>%s</result></spf>'
# shellcheck disable=SC2059 # formats in variables
results()
{
	printf "$d$s" "$@"
}
none=$(results esp.example pass esp.example pass)

use_state state
new_dir "$work/mail"
{
	# agreement, one mechanism that cannot be checked, nothing that can
	record 1 none 'pass pass' bank.example "$(results bank.example pass m.bank.example pass)"
	record 2 none 'pass fail' bank.example "$(results bank.example pass esp.example pass)"
	record 4 none 'fail pass' bank.example '<spf><domain>bank.example</domain><result>pass</result></spf>'
	record 8 none 'fail fail' '' "$none"
	# the reporter says fail, for a name that is aligned; and pass for one that is not
	record 16 reject 'fail fail' bank.example "$(results m.bank.example pass esp.example fail)"
	record 32 none 'pass pass' bank.example "$(results esp.example pass bank.example softfail)"
	record 64 none 'pass fail' sub.bank.example "$(results sub.bank.example pass sub.bank.example pass)"
} | document odd.example odd bank.example '<p>reject</p>' | put "$work/mail/odd.xml"
record 1 none 'pass pass' s.example "$(results a.s.example pass s.example pass)" |
	document strict.example strict s.example '<adkim>s</adkim><p>none</p>' | put "$work/mail/strict.xml"
record 1 none 'pass fail' one.co.uk "$(results two.co.uk pass one.co.uk fail)" |
	document walker.example walker one.co.uk '<p>none</p><discovery_method>treewalk</discovery_method>' |
	put "$work/mail/walker.xml"
record 1 none 'fail pass' two.example "$(results two.example fail two.example pass)" |
	document good.example good two.example '<p>none</p>' | put "$work/mail/good.xml"
ingest "$work/mail"
result $? 'reports by hand'
hold_up

is "$(sql 'SELECT messages, dkim_aligned, dkim_recomputed, spf_aligned, spf_recomputed, recomputed_by
	FROM ruastat.records WHERE report_key = (SELECT report_key FROM ruastat.reports WHERE report_id = '\''odd'\'')
	ORDER BY n')" '1|pass|pass|pass|pass|psl
2|pass|pass|fail|fail|psl
4|fail|fail|pass|pass|psl
8|fail||fail||
16|fail|pass|fail|fail|psl
32|pass|fail|pass|fail|psl
64|pass|pass|fail|pass|psl' 'recomputed beside the claim'
is "$(sql 'SELECT reporter, records_checked, records_disagreeing, messages_checked, messages_disagreeing, partial
	FROM ruastat.reports ORDER BY 1')" 'good.example|1|0|1|0|f
odd.example|6|3|119|112|f
strict.example|1|1|1|1|f
walker.example|1|1|1|1|f' 'counted in the reports'
is "$(sql 'SELECT recomputed_by FROM ruastat.records WHERE domain = '\''one.co.uk'\')" \
	'psl, instead of the tree walk' 'an approximation is called one'
is "$(sql 'SET ROLE ruastat_reader' 'SELECT reporter, mechanism, claim, recomputed, records, messages, reports,
		records_percent, n, why FROM ruastat.disagreements ORDER BY 1, 2, 3')" \
	"odd.example|dkim|pass|fail|1|32|1|16.67|6|DKIM: the reporter says pass, yet dkim=pass for esp.example is not aligned \
with bank.example: it seems to count any pass, aligned or not.
odd.example|dkim|fail|pass|1|16|1|16.67|5|DKIM: the reporter says fail, yet dkim=pass for m.bank.example is aligned with \
bank.example: it seems to take relaxed alignment for strict, or knows other public suffixes.
odd.example|spf|pass|fail|1|32|1|16.67|6|SPF: the reporter says pass, yet nothing passed: it seems to count what overrode \
the result, or leaves out results.
odd.example|spf|fail|pass|1|64|1|16.67|7|SPF: the reporter says fail, yet spf=pass for sub.bank.example is aligned with \
sub.bank.example: its verdict seems to come from something else than its results.
strict.example|dkim|pass|fail|1|1|1|100.00|1|DKIM: the reporter says pass, yet dkim=pass for a.s.example is not aligned \
with s.example: it seems not to heed that alignment is strict.
walker.example|dkim|pass|fail|1|1|1|100.00|1|DKIM: the reporter says pass, yet dkim=pass for two.co.uk is not aligned with \
one.co.uk: it finds organizational domains in the DNS, here they come from the Public Suffix List." \
	'who disagrees, how, and why'
is "$(sql 'SELECT bool_and(r.n IS NOT NULL AND d.first_day = r.day AND d.last_day = r.day)
	FROM ruastat.disagreements d
	LEFT JOIN ruastat.records r USING (domain, filed_on, report_key, n)')" t 'the examples are there'
is "$(sql 'SELECT why FROM ruastat.records WHERE messages = 16')" \
	'DKIM: the reporter says fail, yet dkim=pass for m.bank.example is aligned with bank.example; SPF: fail for esp.example.' \
	'and told with the record'
is "$(sql 'SELECT why FROM ruastat.records WHERE messages = 8')" \
	'dkim=pass for esp.example (selector s) is not aligned; spf=pass for esp.example is not aligned.' 'without a From domain'
verifies

# Only reports that disagree are opened.
sql 'SET enable_seqscan = off' 'EXPLAIN SELECT * FROM ruastat.disagreements' >"$work/out"
grep -q '_domain_id_day_report_key_idx' "$work/out"
result $? 'found by their own index'

# Reasons that had an effect.
{
	n=0
	while IFS='|' read -r disposition claims from what; do
		n=$((n + 1))
		read -ra words <<<"$what"
		record $n "$disposition" "$claims" "$from" "$none" \
			"$(for w in "${words[@]}"; do reason "${w%%:*}" "$([[ $w != *:* ]] || echo "${w#*:}")"; done)"
	done <<-END
	none|fail fail|b.example|forwarded
	quarantine|fail fail|b.example|mailing_list
	reject|fail fail|b.example|forwarded
	none|pass fail|b.example|forwarded
	none|fail fail|b.example|local_policy:arc=fail
	none|fail fail|b.example|local_policy:arc=fail trusted_forwarder
	none|fail fail|b.example|local_policy:arc=pass
	none|fail fail|b.example|gremlins
	none|fail fail|b.example|sampled_out
	quarantine|fail fail|x.b.example|other
	none|fail fail|x.b.example|other
	none|fail fail|b.example|
	pass|fail fail|b.example|other
	never|fail fail|b.example|other
	none|fail huh|b.example|other
	END
} | document over.example over b.example '<p>reject</p><sp>quarantine</sp>' | put "$work/mail/over.xml"
{
	record 1 quarantine 'fail fail' t.example "$none" "$(reason policy_test_mode)"
	record 2 none 'fail fail' t.example "$none" "$(reason policy_test_mode)"
	record 3 quarantine 'fail fail' t.example "$none" "$(reason other)"
	record 4 none 'fail fail' t.example "$none" "$(reason forwarded)"
	record 5 reject 'fail fail' t.example "$none" "$(reason policy_test_mode)"
} | document over.example test t.example '<p>reject</p><testing>y</testing>' | put "$work/mail/test.xml"
record 1 none 'fail fail' n.example "$none" "$(reason forwarded)$(reason local_policy \
	'arc=pass as[2].d=lists.example as[2].s=s as[1].d=first.example as[1].s=s remote-ip[1]=2001:db8::5')" |
	document over.example none n.example '<p>none</p>' | put "$work/mail/none.xml"
ingest "$work/mail"
result $? 'reports with overrides'
is "$(sql "SELECT string_agg(messages || ' ' || coalesce(effective_override, '-'), ',' ORDER BY n) FROM ruastat.records
	WHERE domain = 'b.example'")" '1 forwarded,2 mailing_list,3 -,4 -,5 -,6 trusted_forwarder,7 local_policy,8 gremlins,'\
'9 sampled_out,10 -,11 other,12 -,13 other,14 -,15 -' 'what overrode a policy'
is "$(sql "SELECT string_agg(messages || ' ' || coalesce(effective_override, '-'), ',' ORDER BY n) FROM ruastat.records_daily
	WHERE domain = 't.example'")" '1 policy_test_mode,2 policy_test_mode,3 -,4 forwarded,5 -' 'under test'
is "$(sql "SELECT effective_override IS NULL, o.arc, o.arc_hops, o.arc_sealer, o.arc_source_ip
	FROM ruastat.records r CROSS JOIN LATERAL unnest(r.reasons) AS o
	WHERE domain = 'n.example' ORDER BY o.arc")" 't|pass|2|lists.example|2001:db8::5
t||||' 'nothing to override, and the ARC chain'
verifies 'verify finds nothing wrong here either'
sql "UPDATE ruastat_data.report SET records_disagreeing = records_disagreeing + 1 WHERE report_id = 'odd'" >/dev/null
ruastat verify
is "$status $(grep -c 'checked or disagreeing' "$work/err" "$work/out" | cut -d : -f 2 | paste -sd +)" '1 1+0' \
	'verify sees a wrong count'
done_testing
