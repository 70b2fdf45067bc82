# facts.jq - compare what "ruastat parse --json --records" says with the corpus's FACTS.jsonl.
#
# jq -n -r --slurpfile facts FACTS.jsonl --rawfile differ DIFFER.tsv -f facts.jq PARSED
#
# Prints a line for each file of the classes "whole" and "damaged" that differs and is not in DIFFER.tsv,
# or is there and does not; then "CLASS: equal N of M" for both, and how many differ on purpose.  The facts are text
# as written in the report, so both sides are brought to one form first: lower case, no blanks
# around, words that are no words of the format are null.

# A regular expression for each value would take longer than the parser.
def trim: if contains(" ") or contains("\n") or contains("\t")
	then gsub("^[ \t\r\n]+|[ \t\r\n]+$"; "") else . end;
def text: if . == null then "" else tostring | ascii_downcase | trim end;
def line: text | gsub("[ \t\r\n]+"; " ");
def domain: text | rtrimstr(".");
def word($known): text | if IN($known[]) then . else null end;
def id: if . == null then "" else tostring | trim
	| if startswith("<") and endswith(">") then .[1:-1] else . end end;

# IPv6 has many spellings: eight groups without leading zeros.
def groups: split(":") | map(select(. != "") | ltrimstr("0") | ltrimstr("0") | ltrimstr("0")
	| if . == "" then "0" else . end);
def address: text | if contains("::") then
		split("::") | map(groups) | .[0] + [range(8 - (map(length) | add)) | "0"] + .[1] | join(":")
	elif contains(":") then groups | join(":")
	else . end;
def verdict: word(["pass", "fail"]);
def disposition: word(["none", "pass", "quarantine", "reject"]);

def said: [(.[0] | address), .[1], (.[2] | domain), (.[3] | disposition), (.[4] | verdict),
	(.[5] | verdict), .[6], .[7]];

def row: [(.source_ip // .raw_source_ip), .count, .header_from, .disposition, .dkim_aligned, .spf_aligned,
	([.dkim[] | select(.result == "pass")] | length),
	([.spf[] | select(.result == "pass")] | length)] | said;

def identity: [(.org_name | line), (.report_id | id), (.domain | domain),
	(.begin | tostring | split(".")[0]), (.end | tostring | split(".")[0])];

# One object per file: its reports in order, each with its rows in order.
def collect(stream):
	reduce stream as $l ({};
		if $l.record then .[$l.file][-1].rows += [$l.record | row]
		elif $l.report then .[$l.file] += [{identity: ($l.report | identity), rows: []}]
		else . end);

# What ${got} has that differs from ${want}: a text, null where nothing does.
def difference($want; $got):
	if $want == $got then null
	elif ($want | length) != ($got | length) then
		"\($got | length) reports, not \($want | length)"
	else [range($want | length) as $i | $want[$i] as $w | $got[$i] as $g
		| if $w.identity != $g.identity then "\($g.identity) is not \($w.identity)"
		elif ($w.rows | length) != ($g.rows | length) then
			"\($g.rows | length) records, not \($w.rows | length)"
		else first(range($w.rows | length) as $n | select($w.rows[$n] != $g.rows[$n])
			| "record \($n + 1): \($g.rows[$n]) is not \($w.rows[$n])") // empty
		end] | join("; ")
	end;

($differ | split("\n") | map(select(. != "" and (startswith("#") | not)) | split("\t")[0])) as $listed
| collect(inputs) as $parsed
| [$facts[] | select(.class == "whole" or .class == "damaged")
	| {path, class, want: [.reports[] | {identity: identity, rows: [.rows[] | said]}]}
	| .why = difference(.want; $parsed[.path] // [])
	| . as {$path, $class}
	| .listed = any($listed[]; . == $path or
		(endswith("/") and $class == "damaged" and . as $folder | $path | startswith($folder)))]
| (.[] | select(.listed == (.why == null))
	| "differs: \(.path): " + (.why // "it is in DIFFER.tsv but does not")),
	(group_by(.class)[] | "\(.[0].class): equal \(map(select(.why == null)) | length) of \(length), "
		+ "\(map(select(.listed)) | length) differ on purpose")
