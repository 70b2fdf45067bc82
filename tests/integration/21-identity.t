#!/bin/bash
# Which reports are the same, which are revisions of one, which days they belong to: by the real
# program, in every order of arrival, with all sums recomputed after each.
# timeout: 240
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

use_state state
new_dir "$work/in"
begin=1700006400 # 2023-11-15 00:00
end=1700092799
: >"$work/none" && chmod 644 "$work/none"
ingest "$work/none"
hold_up

# Write report ${1}.xml of domain $domain: id, begin, end, records.
write()
{
	local name=$1

	shift
	report "${org:-reporter.example}" "$1" "$domain" "$2" "$3" "${@:4}" | put "$work/in/$name.xml"
}

# Ingest the report ${1}.xml alone.  The words of its outcome and of verify are checked.
arrives()
{
	ingest "$work/in/$1.xml"
	is "$status $(jq -r '[to_entries[] | select(.key != "mails" and .key != "seconds" and .value > 0)
		| "\(.key)=\(.value)"] | join(" ")' "$work/out")" "0 $2" "$3"
}

# All that the views say of $domain, but for its name and what depends on when it was told.
view()
{
	sql "SELECT 'report', reporter, report_id, begin_at, end_at, day, days, counted, records, messages, quirks
			FROM ruastat.reports WHERE domain = '$domain' ORDER BY 2, 3, 4, 5, 9, 10, 8" \
		"SELECT 'record', reporter, report_id, begin_at, day, source_ip, messages, disposition, dkim_aligned,
			spf_aligned, header_from, dkim, spf FROM ruastat.records WHERE domain = '$domain'
			ORDER BY 2, 3, 4, 6, 7, 8" \
		"SELECT 'source', day, source_ip, messages, messages_dmarc_pass, messages_dkim_aligned,
			messages_none, messages_reject FROM ruastat.sources_daily WHERE domain = '$domain' ORDER BY 2, 3" \
		"SELECT 'daily', day, messages, messages_dmarc_pass, messages_dkim_aligned, messages_none,
			messages_reject FROM ruastat.domains_daily WHERE domain = '$domain' ORDER BY 2" \
		"SELECT 'intake', i.name, i.outcome, p.outcome, p.reason, p.day FROM ruastat.intake i
			JOIN ruastat.intake_parts p USING (intake_id) WHERE p.domain = '$domain' ORDER BY 2, 6, 4"
}

domain_is()
{
	is "$(sql "SELECT coalesce(sum(messages), 0) FROM ruastat.domains_daily WHERE domain = '$domain'")" "$1" "$2"
}

# The same report again.
domain=again.example
new_dir "$work/in/again"
write again/one 'id' $begin $end '192.0.2.1 5' '192.0.2.2 2'
write again/two 'id' $begin $end '192.0.2.2 2' '192.0.2.1 5'
"${as[@]}" gzip -k "$work/in/again/one.xml"
arrives again/one 'imported=1 reports=1 records=2 messages=7' 'a report'
arrives again/two 'duplicate=1' 'again, its records in another order: a duplicate'
ingest "$work/in/again/one.xml.gz"
is "$status $(totals duplicate reports)" '0 1 0' 'again, compressed: a duplicate'
mail "$work/in/again/one.xml" "$work/in/again/two.xml" "$work/in/again/one.xml.gz" | put "$work/in/again.eml"
ingest "$work/in/again.eml"
is "$status $(totals mails duplicate reports)" '0 1 1 0' 'thrice in a mail: the mail is a duplicate'
domain_is 7 'all of it counts once'
domain=twice.example
write twice 'id' $begin $end '192.0.2.1 5'
mail "$work/in/twice.xml" "$work/in/twice.xml" | put "$work/in/twice.eml"
ingest "$work/in/twice.eml"
is "$status $(totals mails imported duplicate reports messages)" '0 1 1 0 1 5' 'twice in its first mail: imported, once'
is "$(sql "SELECT string_agg(outcome::text, ' ' ORDER BY n) FROM ruastat.intake_parts WHERE domain = '$domain'")" \
	'imported duplicate' 'with a part for each'
verifies

# Not the same at all.
domain=google.example
org=google.com
write google-1 '123' $begin $end '192.0.2.1 5'
write google-2 '123' $((begin + 86400)) $((end + 86400)) '192.0.2.1 5'
arrives google-1 'imported=1 reports=1 records=1 messages=5' 'google: a report'
arrives google-2 'imported=1 reports=1 records=1 messages=5' 'the same id and records on another day count'
domain_is 10 'both'
domain=rspamd.example
id=rspamd.example.$begin.$end
org=mx.one.example
write rspamd-1 "$id" $begin $end '192.0.2.1 5'
org=mx.two.example
write rspamd-2 "$id" $begin $end '192.0.2.1 5'
unset org
arrives rspamd-1 'imported=1 reports=1 records=1 messages=5' 'rspamd: a report'
arrives rspamd-2 'imported=1 reports=1 records=1 messages=5' 'the same id and records of another reporter count'
domain_is 10 'both'
domain=disjoint.example
write disjoint-1 id $begin $end '192.0.2.1 5' '192.0.2.2 1'
write disjoint-2 id $begin $end '192.0.2.3 2'
write disjoint-3 id $begin $end '192.0.2.1 3 sub.disjoint.example'
arrives disjoint-1 'imported=1 reports=1 records=2 messages=6' 'one identity: a report'
arrives disjoint-2 'imported=1 reports=1 records=1 messages=2' 'one without a source in common counts too'
arrives disjoint-3 'imported=1 reports=1 records=1 messages=3' 'and one with the same source under another name'
domain_is 11 'all three'
verifies

# The document alone says which report it is; what the mail around it says is for people.
# A mail with ${2}.xml attached, Subject ${1}.
told_by()
{
	mail "$work/in/$2.xml" | sed "s/^Subject: .*/Subject: $1/; s/^From: .*/From: noreply@sender.example/"
}
shown()
{
	sql "SELECT reporter, report_id, org_name FROM ruastat.reports WHERE domain = '$domain' ORDER BY messages"
}
domain=opendmarc.example
write opendmarc "$domain:1700092800" $begin $end '192.0.2.1 5'
told_by "Report Domain: $domain Submitter: mx.example Report-ID: $domain-1700092800@mx.example" opendmarc |
	put "$work/in/opendmarc.eml"
ingest "$work/in/opendmarc.eml"
is "$status $(totals imported messages)" '0 1 5' 'opendmarc: a report whose Subject has another id'
arrives opendmarc duplicate=1 'the same without the mail: a duplicate'
is "$(shown)" "reporter.example|$domain:1700092800|reporter.example" 'the id is that of the document'
domain=nameless.example
write nameless '' $begin $end '192.0.2.1 5'
"${as[@]}" sed -i 's/<org_name>.*<\/email>//' "$work/in/nameless.xml"
told_by "Report Domain: $domain Submitter: one.example Report-ID: <one>" nameless | put "$work/in/nameless-1.eml"
told_by "Report Domain: $domain Submitter: two.example Report-ID: <two>" nameless | put "$work/in/nameless-2.eml"
ingest "$work/in/nameless-1.eml"
is "$status $(totals imported messages)" '0 1 5' 'without name and id: a report'
is "$(shown)" 'one.example|one|' 'they are those of its mail'
is "$(sql "SELECT q.rule, q.detail FROM ruastat.reports r, unnest(r.quirks) q WHERE domain = '$domain' ORDER BY 1" |
	tr '\n' ' ')" 'org-name-missing|Subject report-id-missing|Subject ' 'and it says so'
ingest "$work/in/nameless-2.eml"
is "$status $(totals duplicate)" '0 1' 'in a mail that says something else: a duplicate'
arrives nameless duplicate=1 'without a mail: a duplicate'
is "$(shown)" 'one.example|one|' 'which changes nothing'
write nameless-3 '' $begin $end '192.0.2.3 2'
"${as[@]}" sed -i 's/<org_name>.*<\/email>//' "$work/in/nameless-3.xml"
arrives nameless-3 'imported=1 reports=1 records=1 messages=2' 'another of no name and id, without a source in common, counts too'
is "$(shown)" 'unknown||
one.example|one|' 'nobody knows who sent it'
domain_is 7 'both'
write nameless-4 '' $begin $end '192.0.2.1 6'
"${as[@]}" sed -i 's/<org_name>.*<\/email>//' "$work/in/nameless-4.xml"
arrives nameless-4 'imported=1 reports=1 records=1 messages=6' 'one with a source in common is a revision'
domain_is 8 'the fuller one counts'
domain=idless.example
write idless-1 '' $begin $end '192.0.2.1 5'
write idless-2 '' $begin $end '192.0.2.2 4'
write idless-3 '' $((begin + 86400)) $((end + 86400)) '192.0.2.1 5'
arrives idless-1 'imported=1 reports=1 records=1 messages=5' 'without an id: a report'
"${as[@]}" cp "$work/in/idless-1.xml" "$work/in/idless-again.xml"
arrives idless-again duplicate=1 'again: a duplicate'
arrives idless-2 'imported=1 reports=1 records=1 messages=4' 'another of that day counts too'
arrives idless-3 'imported=1 reports=1 records=1 messages=5' 'and one of another day'
domain_is 14 'all three'
domain=corrected.example
write corrected-1 id $begin $end '192.0.2.1 5' '192.0.2.2 1'
write corrected-2 id $begin $end '192.0.2.1 5' '192.0.2.2 3'
arrives corrected-1 'imported=1 reports=1 records=2 messages=6' 'a report'
arrives corrected-2 'imported=1 reports=1 records=2 messages=8' 'corrected: the fuller one takes its place'
domain_is 8 'and counts alone'
verifies

# Revisions.  Each case is told in every order, one domain for each, and must end alike.
case_of()
{
	case $1 in
	fuller) records=("192.0.2.1 5 $f" "192.0.2.1 7 $f|192.0.2.2 1 $f" "192.0.2.1 3 $f|192.0.2.3 9 $f") ;;
	chain) records=("192.0.2.1 10 $f" "192.0.2.1 4 $f|192.0.2.2 1 $f" "192.0.2.2 3 $f") ;;
	tie) records=("192.0.2.1 5 $f none" "192.0.2.1 5 $f reject" "192.0.2.1 3 $f|192.0.2.4 2 $f") ;;
	long) records=("192.0.2.1 50 $f" "192.0.2.1 70 $f|192.0.2.2 11 $f" "192.0.2.2 31 $f|192.0.2.3 9 $f") ;;
	outside) records=("192.0.2.1 50 $f" "192.0.2.1 70 $f|192.0.2.2 11 $f" "192.0.2.2 31 $f|192.0.2.3 9 $f") ;;
	null) records=('' "192.0.2.1 5 $f" "192.0.2.1 6 $f") ;;
	esac
	case $1 in
	long) to=$((begin + 10 * 86400 + 3600)) ;;
	outside) to=$((begin + 40 * 86400)) ;;
	*) to=$end ;;
	esac
}

prepare()
{
	local i list

	new_dir "$work/in/$domain"
	f=header.example
	case_of "$1"
	for i in 0 1 2; do
		IFS='|' read -ra list <<<"${records[$i]}"
		write "$domain/$i" id $begin "$to" "${list[@]}"
	done
	# The domain is in the results too: the same for all, or the hashes would not compare.
	"${as[@]}" sed -i "s/<dkim><domain>$domain/<dkim><domain>$f/" "$work/in/$domain"/*.xml
}

alike()
{
	view | sed "s/$domain/DOMAIN/g" >"$work/view-$1-$2"
	same "$work/view-$1-$2" "$work/view-$1-012" "$3"
}

for kind in fuller chain tie long outside null; do
	for order in 012 021 102 120 201 210; do
		domain=$kind-$order.example
		prepare $kind
		bad=0
		for ((i = 0; i < 3; i++)); do
			ingest "$work/in/$domain/${order:i:1}.xml" || bad=1
			ruastat verify || bad=1
		done
		result $bad "$kind: told in the order $order, in order after each"
		if [ $order = 012 ]; then
			view | sed "s/$domain/DOMAIN/g" >"$work/view-$kind-012"
		else
			alike $kind $order 'ends like any other'
		fi
	done
	domain=$kind-batch.example
	prepare $kind
	ingest "$work/in/$domain"
	alike $kind batch "$kind: told in one batch, ends alike"
	is "$(totals mails imported conflict null_report duplicate)" \
		"$(sql "SELECT count(*), count(*) FILTER (WHERE i.outcome = 'imported'), count(*) FILTER (WHERE i.outcome = 'conflict'),
			count(*) FILTER (WHERE i.outcome = 'null_report'), 0 FROM ruastat.intake i JOIN ruastat.intake_parts p
			USING (intake_id) WHERE p.domain = '$domain'" | tr '|' ' ')" 'and the totals say what the ledger says'
	is "$(totals reports messages)" \
		"$(sql "SELECT count(*), coalesce(sum(messages), 0) FROM ruastat.reports WHERE domain = '$domain' AND counted" |
			tr '|' ' ')" 'and count what counts'
	domain=$kind-mail.example
	prepare $kind
	mail "$work/in/$domain"/{2,0,1}.xml | put "$work/in/$domain.eml"
	ingest "$work/in/$domain.eml"
	view | sed "s/$domain/DOMAIN/g" | grep -v ^intake >"$work/got"
	grep -v ^intake "$work/view-$kind-012" >"$work/want"
	same "$work/got" "$work/want" "$kind: told in one mail, ends alike"
	verifies
done
counted()
{
	sql "SELECT string_agg(messages::text, ' ' ORDER BY messages), count(*) FROM ruastat.reports
		WHERE domain = '$1-012.example' AND counted"
}
is "$(counted fuller)" '12|1' 'the fullest revision counts, the others do not'
is "$(counted chain)" '3 10|2' 'one that only a loser speaks against counts'
is "$(counted tie)" '5|1' 'of equal ones one counts'
is "$(counted long)" '81|1' 'also when it is spread over days'
domain=long-012.example
domain_is 81 'and these are its messages'
domain=outside-012.example
domain_is '0' 'what is outside the daily numbers stays there'
is "$(sql "SELECT string_agg(outcome::text, ' ' ORDER BY name) FROM ruastat.intake
	WHERE source LIKE '%/fuller-210.example/%'")" 'conflict conflict imported' 'the ledger names the conflicts'

# A loser or a winner that comes again is a duplicate.
domain=fuller-012.example
for i in 0 1 2; do
	"${as[@]}" cp "$work/in/$domain/$i.xml" "$work/in/$domain/$i-again.xml"
	arrives "$domain/$i-again" 'duplicate=1' "revision $i comes again"
done
domain_is 12 'and changes nothing'

# Two at once: both orders of arrival in a race, the same end.
for i in 1 2 3; do
	domain=race-$i.example
	prepare fuller
	pids=()
	for k in 0 1 2; do
		timeout 60 "${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" \
			"$work/in/$domain/$k.xml" >"$work/race-$k" 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
	view | sed "s/$domain/DOMAIN/g" >"$work/got"
	same "$work/got" "$work/view-fuller-012" "three revisions at once, round $i"
	is "$(cat "$work"/race-?)" '' 'without a word'
done
verifies

# Days.
daily()
{
	sql "SELECT string_agg(day || '=' || messages, ' ' ORDER BY day) FROM ruastat.domains_daily WHERE domain = '$domain'"
}
long_is()
{
	domain=$1.example
	write "$1" id "$2" "$3" '192.0.2.1 13' '192.0.2.2 7' '192.0.2.3 100000000001'
	arrives "$1" 'imported=1 reports=1 records=3 messages=100000000021' "a report of $1"
	is "$(sql "SELECT days, day IS NULL FROM ruastat.reports WHERE domain = '$domain'")" "$4" "covers $4"
	is "$(sql "SELECT count(*), coalesce(sum(messages), 0) FROM ruastat.domains_daily WHERE domain = '$domain'")" "$5" \
		'its messages, exactly'
	is "$(sql "SELECT source_ip, sum(messages) FROM ruastat.sources_daily WHERE domain = '$domain' GROUP BY 1 ORDER BY 1" |
		tr '\n' ' ')" "$6" 'and those of each source'
	is "$(sql "SELECT count(*), sum(messages) FROM ruastat.records WHERE domain = '$domain'")" '3|100000000021' \
		'its records are there'
	is "$(sql "SELECT count(*) FROM ruastat.domains_daily d WHERE domain = '$domain' AND messages IS DISTINCT FROM
		(SELECT sum(messages) FROM ruastat.sources_daily s WHERE s.domain = d.domain AND s.day = d.day)")" 0 \
		'the same on each day'
}
h=3600
d=86400
three='192.0.2.1|13 192.0.2.2|7 192.0.2.3|100000000001 '
n=100000000021
midday=$((begin + 12 * h))
long_is no-time $begin $begin '1|f' "1|$n" "$three"
long_is 25-hours $midday $((midday + 25 * h)) '1|f' "1|$n" "$three"
long_is 25-hours-1-s $midday $((midday + 25 * h + 1)) '2|f' "2|$n" "$three"
long_is 26-hours $begin $((begin + 26 * h)) '2|f' "2|$n" "$three"
is "$(sql "SELECT string_agg(day || '=' || messages, ' ' ORDER BY day) FROM ruastat.sources_daily
	WHERE domain = '$domain' AND source_ip = '192.0.2.1'")" '2023-11-15=12 2023-11-16=1' 'by seconds, in whole messages'
long_is 48-hours $begin $((begin + 2 * d)) '2|f' "2|$n" "$three"
is "$(daily)" '2023-11-15=50000000009 2023-11-16=50000000012' 'half and half'
long_is a-week $((begin + 5)) $((begin + 7 * d + 5)) '8|f' "8|$n" "$three"
long_is 31-days $midday $((midday + 31 * d)) '32|f' "32|$n" "$three"
long_is 31-days-1-s $midday $((midday + 31 * d + 1)) '0|t' '0|0' ''
long_is 40-days $begin $((begin + 40 * d)) '0|t' '0|0' ''
long_is reversed $end $begin '0|t' '0|0' ''
long_is year-2011 1325289600 1325375999 '0|t' '0|0' ''
long_is new-year-2012 1325376000 1325462399 '1|f' "1|$n" "$three"
long_is year-1970 0 86399 '0|t' '0|0' ''
now=$(date +%s)
long_is tomorrow $((now + d)) $((now + 2 * d - 60)) '1|f' "1|$n" "$three"
long_is in-three-days $((now + 2 * d)) $((now + 3 * d)) '0|t' '0|0' ''
long_is year-9999 253402200000 253402286399 '0|t' '0|0' ''
verifies

# Nothing happened that day.
domain=null.example
write null id $begin $end
ingest "$work/in/null.xml"
is "$status $(totals mails null_report reports records messages)" '0 1 1 1 0 0' 'a null report'
is "$(sql "SELECT records, messages, day FROM ruastat.reports WHERE domain = '$domain'")" '0|0|2023-11-15' 'is stored'
is "$(daily)" '' 'and adds nothing'
"${as[@]}" cp "$work/in/null.xml" "$work/in/null-again.xml"
arrives null-again duplicate=1 'again: a duplicate'
verifies
is "$(grep -E 'ERROR:|deadlock' "$state/log/postgresql.log")" '' 'no error in the log of PostgreSQL'
done_testing
