#!/bin/bash
# An mbox as a mailbox: read only, while MTAs append to it and mail readers rewrite it.
# timeout: 120
#
# RUASTAT_DRILL=full: 100,000 mails, with times and memory.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

use_state mbox
box=$work/box

# The mail ${1} with a report of its own, as an MTA puts it into an mbox.
entry()
{
	report reporter.example "id $1" example.org 1795132800 1795219199 "192.0.2.1 $1" >"$work/r.xml"
	gzip -nc "$work/r.xml" >"$work/r.xml.gz"
	echo "From bounces@reporter.example Wed Nov 15 02:00:00 2023"
	printf '%s\n' 'Return-Path: <bounces@reporter.example>' 'X-Original-To: ada@example.org'
	mail "$work/r.xml.gz"
	echo
}
intake_is()
{
	is "$(sql "SELECT string_agg(outcome || '|' || n, ' ' ORDER BY outcome::text)
		FROM (SELECT outcome, count(*) AS n FROM ruastat.intake GROUP BY 1) AS o")" "$1" "$2"
}
# Run, and expect so many mails.
reads()
{
	ingest "$box"
	is "$status $(totals mails)" "0 $1" "$2"
}

for i in {1..9}; do
	entry "$i" >"$work/m$i"
done
cat "$work"/m[123] | put "$box"
"${as[@]}" touch -d '2026-01-01' "$box"
ingest "$box"
hold_up
is "$status $(totals mails imported) $(wc -c <"$work/err")" '0 3 3 0' 'three mails, three rows'
is "$(stat -c %Y "$box") $(cat "$work"/m[123] | cmp - "$box" && echo same)" \
	"$(date -d 2026-01-01 +%s) same" 'the file and its time stay as they are'
is "$(sql "SELECT source LIKE 'mbox:%/box', count(*) FROM ruastat.intake GROUP BY 1")" 't|3' 'the source is an mbox'
reads 0 'nothing is new, nothing is read'
is "$(sql 'SELECT stop_at - last_at, stop_at FROM ruastat_data.mbox')" \
	"$(stat -c %s "$work/m3")|$(stat -c %s "$box")" 'the place is kept'

# Another reader's words, deleted mails, a replaced file.
sed '/^Subject:/a Status: RO\nX-UID: 1' "$work/m1" | cat - "$work"/m[23] | put "$box"
reads 0 'a mail reader wrote its Status'
cat "$work"/m[12] | put "$box"
reads 0 'the last mail was deleted'
cat "$work"/m[23] "$work/m4" | put "$box.new"
"${as[@]}" mv "$box.new" "$box"
reads 1 'another file has its name'
"${as[@]}" truncate -s 0 "$box"
reads 0 'it is empty'
sed 's/$/\r/' "$work/m5" | put "$box"
"${as[@]}" tee -a "$box" <"$work/m6" >/dev/null
reads 2 'lines that end in CR LF'
intake_is 'imported|6' 'each mail has one row'

# A writer that locks as Postfix does (dotlock, then fcntl) appends while it is read.
# shellcheck disable=SC2016 # perl's
writer='
	use Fcntl qw(:DEFAULT :seek);
	my ($box, $hold, @mails) = @ARGV;
	for my $mail (@mails) {
		sysopen(my $dot, "$box.lock", O_CREAT | O_EXCL | O_WRONLY) or do { select undef, undef, undef, 0.01; redo };
		open(my $f, "+<", $box) or die $!;
		my $l = pack("s s l! l! i x![l!]", F_WRLCK, SEEK_SET, 0, 0, 0);
		fcntl($f, F_SETLKW, $l) or die $!;
		seek $f, 0, SEEK_END;
		open(my $in, "<", $mail) or die $!;
		my $text = do { local $/; <$in> };
		my $half = length($text) / 2;
		syswrite $f, substr($text, 0, $half);
		select undef, undef, undef, $hold;
		syswrite $f, substr($text, $half);
		close $f;
		unlink "$box.lock";
	}'
for i in {101..130}; do
	entry "$i" >"$work/w$i"
done
"${as[@]}" perl -e "$writer" "$box" 0.02 "$work"/w1?? &
writing=$!
while kill -0 $writing 2>/dev/null; do
	ingest "$box" || break
done
wait $writing
result $? 'the writer was not kept from writing'
ingest "$box"
is "$status $(wc -c <"$work/err")" '0 0' 'nor were we'
intake_is 'imported|36' 'half a mail was never read'

# A lock that is held for long.
"${as[@]}" perl -e "$writer" "$box" 2.4 "$work/m7" &
holder=$!
until_true test -e "$box.lock"
ingest "$box"
is "$status $(grep -c 'box" is locked by another program' "$work/err")" '75 1' 'a lock that lasts is told'
wait $holder
reads 1 'the next run reads it'

# What cannot be.
for option in '--after seen' '--after delete' '--failures Bad' --subfolders; do
	"${as[@]}" rm -f "$state/told" # what was said before is said again
	# shellcheck disable=SC2086 # a word or two
	ingest $option "$box"
	is "$status $(grep -c 'box": an mbox is only ever read; after = keep' "$work/err")" '1 1' "$option is refused"
done
printf 'source mine {\n path = "%s"\n after = seen\n}\n' "$box" | put "$work/bad.conf"
"${as[@]}" "$work/ruastat" check-config --config "$work/bad.conf" --state-dir "$state" >"$work/out" 2>"$work/err"
is "$? $(grep -c 'source "mine": .*only ever read' "$work/err")" '1 1' 'check-config says so too'
printf 'source mine { path = "%s" }\n' "$box" | put "$work/good.conf"
is "$("${as[@]}" "$work/ruastat" check-config --json --config "$work/good.conf" --state-dir "$state" |
	jq -r '.sources[].kind')" mbox 'and what kind it is'
ingest /var/mail/ruastat-no-such-user
is "$status $(wc -c <"$work/err")" '0 0' 'a user without mail has no file'
ingest "$work/no-such-box"
is "$status" 1 'elsewhere a missing file is an error'
if [ "$(id -u)" = 0 ]; then
	install -m 660 -o root -g mail "$work/m1" "$work/closed"
	ingest "$work/closed"
	is "$status $(grep -c "(ruastat runs as user $user: usermod -aG mail $user)" \
		"$work/err")" '75 1' 'who may not read it is told what to do'
else
	skip 'who may not read it is told what to do' 'needs root'
fi

# Watched.
"${as[@]}" "$work/ruastat" ingest --watch --no-config --state-dir "$state" "$box" 2>"$work/watch.err" &
watcher=$!
servers+=("$watcher")
outcomes()
{
	[ "$(sql 'SELECT count(*) FROM ruastat.intake')" = "$1" ]
}
"${as[@]}" perl -e "$writer" "$box" 0.05 "$work/m8"
until_true outcomes 38
result $? '--watch stores what is appended'
cat "$work"/m[89] | put "$box"
until_true outcomes 39
result $? 'and what a rewritten file has that is new'
kill $watcher
wait $watcher
is "$? $(wc -c <"$work/watch.err")" '0 0' 'in silence'
reports_are '39|39|3510' 'each report once'
verifies

# ${1} generated mails as the mbox ${2}.
generate()
{
	mailgen --story bench --reports "$1" "$work/mails" >"$work/made"
	find "$work/mails" -type f -path '*/new/*' -print0 | sort -z | "${as[@]}" xargs -0 perl -e '
		for my $f (@ARGV) {
			open my $in, "<", $f or die $!;
			local $/;
			my $text = <$in>;
			$text =~ s/^(>*From )/>$1/mg;
			print "From a\@b.example Wed Nov 15 02:00:00 2023\n$text\n\n";
		}' | put "$2"
	rm -rf "$work/mails"
}

# Killed again and again: each mail has one row all the same.
use_state killed
generate 1500 "$work/many"
box=$work/many
ingest /var/mail/ruastat-no-such-user
hold_up
for pause in 0.1 0.15 0.2 0.1; do
	"${as[@]}" "$work/ruastat" ingest --no-config --state-dir "$state" "$box" >/dev/null 2>&1 &
	victim=$!
	sleep "$pause"
	kill -KILL $victim
	wait $victim
done 2>/dev/null
ingest "$box"
was=$(totals mails)
diag "the last run had $was mails left"
is "$status $(sql 'SELECT count(*) FROM ruastat.intake')" "0 $(grep -c '^From a@b' "$box")" 'killed four times, each mail has one row'
reads 0 'and all is known'

if [ "${RUASTAT_DRILL:-}" = full ]; then
	use_state drill
	generate 100000 "$work/large"
	diag "an mbox of $(grep -c '^From ' "$work/large") mails, $(stat -c %s "$work/large") bytes"
	box=$work/large
	for what in 'all of it' 'a re-run' 'a re-run'; do
		began=$(milliseconds)
		ingest "$box"
		diag "$what: $(totals mails imported) in $(($(milliseconds) - began)) ms"
	done
	hold_up
	sed -i '0,/^Subject:/s//Status: RO\nSubject:/' "$box"
	began=$(milliseconds)
	reads 0 'rewritten by a mail reader'
	diag "rewritten: $(($(milliseconds) - began)) ms"
	"${as[@]}" "$work/ruastat" ingest --dry-run --no-config --state-dir "$work/none" "$box" >"$work/out" 2>&1 &
	reader=$!
	peak=0
	while kill -0 $reader 2>/dev/null; do
		pid=$(pgrep -o -x ruastat -P $reader || echo $reader)
		now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status" 2>/dev/null)
		[ "${now:-0}" -le "$peak" ] || peak=$now
		sleep 0.1
	done
	diag "memory of the parent: $peak KB"
	verifies
fi
done_testing
