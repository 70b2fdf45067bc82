#!/bin/bash
# The corpus of real reports that nobody here wrote: $RUASTAT_CORPUS, by default ../shared/corpus
# beside the checkout.
# timeout: 240
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

corpus=${RUASTAT_CORPUS:-$SRC/../shared/corpus}
if ! [ -e "$corpus/FACTS.jsonl" ] || ! "${as[@]}" test -r "$corpus/FACTS.jsonl"; then
	echo "1..0 # SKIP no corpus at $corpus that $user can read (RUASTAT_CORPUS)"
	exit 0
fi
corpus=$(realpath "$corpus")
files=$(find "$corpus" -type f ! -path '*/.*' | wc -l)

# What parse says, row by row.
(
	cd "$corpus" || exit
	jq -r 'select(.class == "whole" or .class == "damaged") | .path' FACTS.jsonl | tr '\n' '\0' |
		timeout 120 "${as[@]}" xargs -0 -n 500 "$work/ruastat" parse --json --records
) >"$work/parsed" 2>"$work/err"
# 123: some of the damaged ones are corrupt
is "$?" 123 'parse reads every file of the classes whole and damaged'
jq -n -r --slurpfile facts "$corpus/FACTS.jsonl" --rawfile differ tests/corpus/DIFFER.tsv -f tests/corpus/facts.jq \
	"$work/parsed" >"$work/compared"
result $? 'compared with FACTS.jsonl'
sed 's/^/# /' "$work/compared" | cut -c 1-500
is "$(grep -c '^differs' "$work/compared")" 0 "row by row: $(tail -n 1 "$work/compared")"

# What ingest stores.
use_state state
timeout 120 "${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" --json "$corpus" \
	>"$work/out" 2>"$work/err" </dev/null
is "$? $(totals mails)" "2 $files" "ingest reads $files files and says that some are bad"
diag "$(cat "$work/out")"
hold_up
is "$(jq '[.imported, .duplicate, .conflict, .null_report, .not_a_report, .corrupt, .unsupported, .too_big, .refused] | add' \
	"$work/out")" "$files" 'the outcomes add up'
is "$(wc -l <"$work/err")" 1 'in one line'
sql 'SELECT name FROM ruastat.intake ORDER BY name COLLATE "C"' >"$work/got"
(cd "$corpus" && find . -type f ! -path '*/.*' -printf '%P\n' | LC_ALL=C sort) >"$work/want"
same "$work/got" "$work/want" 'one intake row for each regular file'
# A revision that comes later in the run may turn an import that was counted into a conflict.
is "$(sql "SELECT string_agg(o || ' ' || n, ', ' ORDER BY o) FROM (SELECT CASE WHEN outcome IN ('imported', 'conflict')
	THEN 'stored' ELSE outcome::text END AS o, count(*) AS n FROM ruastat.intake GROUP BY 1) t")" \
	"$(jq -r '{corrupt, duplicate, not_a_report, null_report, refused, stored: (.imported + .conflict), too_big, unsupported}
		| [to_entries[] | select(.value > 0) | "\(.key) \(.value)"] | join(", ")' "$work/out")" \
	'the ledger says the same as the run'
jq -r 'select(.class == "whole") | .path' "$corpus/FACTS.jsonl" | LC_ALL=C sort >"$work/whole"
sql "SELECT name FROM ruastat.intake WHERE outcome IN ('imported', 'duplicate', 'conflict', 'null_report') ORDER BY name COLLATE \"C\"" >"$work/got"
is "$(LC_ALL=C comm -23 "$work/whole" "$work/got" | tr '\n' ' ')" '' 'every file of class whole gave its reports'
is "$(sql "SELECT count(*), count(*) FILTER (WHERE kept) FROM ruastat.intake
	WHERE outcome IN ('corrupt', 'unsupported', 'too_big', 'refused')" | awk -F '|' '{ print $1 - $2 }')" 0 \
	'of all that could not be stored the bytes are kept'
is "$(sql "SELECT count(*) FROM ruastat.intake_parts WHERE outcome IN ('corrupt', 'unsupported', 'too_big', 'refused')
	AND coalesce(reason, '') = ''")" 0 'and a reason is given'
is "$(sql 'SELECT count(*), sum(records), sum(messages) FROM ruastat.reports WHERE counted' | cut -d '|' -f 2)" \
	"$(sql 'SELECT count(*) FROM ruastat.records')" 'the reports that count have their records'
verifies
ingest "$corpus"
is "$status $(totals mails reports)" '0 0 0' 'again: nothing is imported'
ruastat ingest "$corpus"
is "$status $(cat "$work/out" "$work/err")" '0 ' 'and nothing said'
verifies
is "$(grep -E 'ERROR:|deadlock' "$state/log/postgresql.log")" '' 'no error in the log of PostgreSQL'

is "$(sql "SELECT count(*) FROM ruastat.domains_daily d FULL JOIN
	(SELECT domain, day, sum(messages) AS messages FROM ruastat.sources_daily GROUP BY 1, 2) s USING (domain, day)
	WHERE d.messages IS DISTINCT FROM s.messages")" 0 'sums by source and by domain agree'
done_testing
