#!/bin/bash
# timeout: 300
# The API's answers, byte for byte as tests/api/NAME.json has them, on a mailbox that is always the
# same.  With --golden (make golden) it writes them anew.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/web.sh
. "$SRC/tests/integration/web.sh"

golden=$SRC/tests/api
rewrite=${1:-}

# What differs from run to run: where the mail came from and when.
settled()
{
	jq 'if .mail then .mail |= (.intake_id = 0 | .source = "…" | .read_at = "…") else . end' "$1"
}

# The answer of a path below /api/v1/ is tests/api/${1}.json, or .csv.
answers()
{
	local name=$1 path=$2 file=$golden/$1.json

	api "$path"
	case ${path%%\?*} in
	*.csv)
		file=$golden/$name.csv
		cp "$work/out" "$work/got"
		;;
	*) settled "$work/out" >"$work/got" ;;
	esac
	if [ "$rewrite" = --golden ]; then
		cp "$work/got" "$file"
	fi
	if [ "$http" = 200 ]; then
		same "$file" "$work/got" "$path"
	else
		result 1 "$path: $http $(cat "$work/out")"
	fi
}

use_state state
new_dir "$work/mail"
mailgen --story demo --reports 400 --days 6 --end 2026-11-20 "$work/mail/box" >"$work/made"
# A day, two reports of one identity, and a long report over three days, by hand.
report long.example l1 example.org 1794787200 1795046399 '192.0.2.7 10 example.org' | put "$work/mail/l.xml"
report again.example a1 example.org 1794873600 1794959999 '192.0.2.7 3' | put "$work/mail/a.xml"
report again.example a1 example.org 1794873600 1794959999 '192.0.2.7 4' | put "$work/mail/b.xml"
report odd.example o1 example.org 1794873600 1794959999 'nowhere 2' '192.0.2.9 1 example.org weird maybe' |
	put "$work/mail/o.xml"
ingest "$work/mail/box" && ingest "$work/mail"/*.xml
start_serve && redeem "$link"
result $? 'a dashboard to ask'

d=domain=lindenhof.example
answers summary summary
answers summary-domain "summary?$d"
answers summary-empty "summary?$d&from=2020-01-01&to=2020-01-31"
answers domains domains
answers domains-page 'domains?sort=dkim&order=asc&limit=2'
answers domains-csv domains.csv
answers daily "daily?domain=example.org&from=2026-11-15&to=2026-11-20"
answers daily-csv "daily.csv?$d"
answers sources "sources?$d&limit=5"
answers sources-network "sources?$d&by=network&limit=5"
answers sources-result "sources?domain=example.org&result=no_dkim&sort=messages&limit=3"
answers sources-csv 'sources.csv?domain=example.org&within=192.0.2.0/24'
answers records "records?$d&limit=5"
answers records-within 'records?domain=example.org&within=192.0.2.7'
answers records-csv 'records.csv?domain=example.org&within=192.0.2.0/24'
answers selectors "selectors?$d&from=2026-11-19&to=2026-11-20"
answers reports 'reports?domain=example.org&limit=6'
answers reports-search 'reports?search=l1'
answers reports-csv 'reports.csv?domain=example.org&reporter=again.example'
api 'reports?domain=example.org&reporter=odd.example'
odd=$(answer '.rows[0] | "domain=\(.domain)&day=\(.filed_on)&key=\(.report_key)"')
answers report "report?$odd"
answers report-records "report/records?$odd"
answers report-records-csv "report/records.csv?$odd"
api 'reports?domain=example.org&reporter=again.example'
lost=$(answer '.rows[] | select(.counted | not) | "domain=\(.domain)&day=\(.filed_on)&key=\(.report_key)"')
answers report-not-counted "report?$lost"
api "report/original?$odd"
gunzip <"$work/out" | cmp - "$work/mail/o.xml"
result $? 'the original is the document that came'
is "$(header content-type) $(header content-disposition)" \
	"application/gzip attachment; filename=\"example.org_2026-11-17_${odd: -36:8}.xml.gz\"" 'as a file to save'

# No golden file without its question.
for file in "$golden"/*; do
	name=${file##*/}
	grep -q "^answers ${name%.*} " "$SRC/tests/integration/72-api.t" || echo "$name"
done >"$work/out"
is "$(cat "$work/out")" '' 'every file of tests/api is asked for'
stop_web
is $? 0 'it ends well'
done_testing
