#!/bin/bash
# A mailbox behind IMAP, read from a real Dovecot: what is done to mails and what is not, ways to log in,
# what is trusted, folders and namespaces, and what a run costs when nothing is new.
# timeout: 600
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/imap.sh
. "$(dirname "$0")/imap.sh"

known=10000
[ "${RUASTAT_DRILL:-}" != full ] || known=100000
use_state state
maildir "$work/none"
ingest "$work/none"
hold_up

# Reports (some twice), ordinary mail, and what cannot be read: as maildirs, to be delivered.
mailgen --story bench --reports 80 --duplicates 6 --domains 9 "$work/report" >"$work/made"
mailgen --story bench --reports 0 --noise 500 --seed 7 "$work/noise" >"$work/made-noise"
maildir "$work/bad"
report reporter.example one example.org 1700006400 1700092799 '192.0.2.1 3' >"$work/one.xml"
gzip -nc "$work/one.xml" | head -c 200 >"$work/torn.xml.gz"
mail "$work/torn.xml.gz" | put "$work/bad/new/1700100000.M1P1.bad"
mail "$work/one.xml" "$work/torn.xml.gz" | put "$work/bad/cur/1700100000.M2P1.bad:2,F"
report reporter.example '' example.org 1700006400 1700092799 '192.0.2.1 3' | head -c 400 >"$work/half.xml"
mail "$work/half.xml" | put "$work/bad/cur/1700100000.M3P1.bad:2,S"

imap_start
result $? 'a Dovecot of our own'
for kind in report noise bad; do
	imap_deliver reference "$kind" "$work/$kind"
	imap_hashes reference "$kind" >"$work/hashes-$kind"
done
is "$(cat "$work"/hashes-* | sort -u | wc -l)" 589 'all mails differ: 86 with reports, 500 ordinary, 3 broken'

url()
{
	echo "\"imaps://$1@$imap_host:$imaps_port${2:-}\""
}

# Ingest one source, called so and of that user; KEY=VALUE as for imap_conf.
read_as()
{
	read_source "$1" "path=$(url "$1")" "${@:2}"
}

# A mailbox with all of it, and how it looks.
mailbox()
{
	box=$1
	imap_deliver "$box" INBOX "$work/report" "$work/noise" "$work/bad"
	imap_state "$box" INBOX >"$work/was"
	of_kind was
	imap_listen
}

# The lines of a state that belong to each kind.
of_kind()
{
	local kind

	for kind in report noise bad; do
		grep -Ff "$work/hashes-$kind" "$work/$1" >"$work/$1-$kind"
	done
}

untouched()
{
	local kind

	imap_state "$box" INBOX >"$work/is"
	of_kind is
	for kind; do
		same "$work/is-$kind" "$work/was-$kind" "$box: $kind mails are as they were: UIDs, flags and bytes"
	done
}

# A folder holds each mail of these kinds once, with the flags it had and these more.
holds()
{
	local folder=$1 more=$2 kind

	imap_state "$box" "$folder" | cut -d ' ' -f 2- | sort >"$work/got"
	for kind in "${@:3}"; do
		cut -d ' ' -f 2- "$work/was-$kind"
	done | awk -v more="$more" '{
		if (more != "")
			$1 = $1 == "-" ? more : $1 "," more
		n = split($1, f, ","); asort_(f, n); $1 = f[1]
		for (i = 2; i <= n; i++) if (f[i] != f[i - 1]) $1 = $1 "," f[i]
		print
	}
	function asort_(f, n, i, j, t) {
		for (i = 2; i <= n; i++)
			for (j = i; j > 1 && f[j] < f[j - 1]; j--) { t = f[j]; f[j] = f[j - 1]; f[j - 1] = t }
	}' | sort >"$work/want"
	same "$work/got" "$work/want" "$box: ${*:3} are in $folder, each once, with bytes and flags"
}

peeked()
{
	imap_said >"$work/said"
	grep -q 'BODY.PEEK\[\]' "$work/said" && ! grep -qE 'BODY\[|RFC822( |\)|$)' "$work/said"
	result $? "$box: bodies are only peeked at"
	awk '/RFC822.SIZE/ { size = 1 } /BODY.PEEK/ && !size { exit 1 }' "$work/said"
	result $? "$box: sizes are asked for first"
	is "$(grep -ciE 'SUBSCRIBE|^[^ ]+ EXPUNGE|^[^ ]+ CLOSE' "$work/said")" 0 \
		"$box: nothing is subscribed to, no EXPUNGE without UIDs"
}

mailbox keep
(cd "$imap/mail/keep" && find new cur -type f | sort | xargs -d '\n' sha256sum) >"$work/files"
read -r before _ < <(imap_bodies)
read_as keep
is "$status $(totals mails imported duplicate not_a_report corrupt)" '2 589 80 6 500 3' 'keep: all is read'
is "$(grep -v '3 new mails hold a report that could not be stored' "$work/err")" '' 'keep: and nothing is complained about'
(cd "$imap/mail/keep" && find new cur -type f | sort | xargs -d '\n' sha256sum) >"$work/files-after"
same "$work/files-after" "$work/files" 'keep: not a byte or a name on the disk is changed'
untouched report noise bad
peeked
is "$(grep -cE ' (SELECT|UID (STORE|MOVE|COPY)|APPEND) ' "$work/said")" 0 'keep: it looks and does not touch'
grep -q ' EXAMINE ' "$work/said"
result $? 'keep: with EXAMINE'
read -r after _ < <(imap_bodies)
is "$((after - before))" $((589 + 589)) 'keep: each body was fetched once, by it and by this test'
is "$(sql "SELECT count(*), count(DISTINCT name) FROM ruastat.intake WHERE source LIKE 'imap://keep@localhost:%'")" \
	'589|589' 'one intake row for each'
is "$(sql "SELECT count(*) FROM ruastat.intake WHERE source LIKE 'imap://keep@%' AND name ~ '^INBOX;UID=[0-9]+\$'")" \
	589 'named by folder and UID'
read_as keep
is "$status $(totals mails)" '0 0' 'keep: nothing is new'
is "$(imap_bodies | cut -d ' ' -f 1)" "$after" 'keep: and nothing is fetched'
verifies

# Another UIDVALIDITY: all UIDs mean other mails now.
imap_stop
rm -f "$imap"/mail/keep/dovecot*
imap_again
result $? 'the server lost its index'
read_as keep
is "$((status == 0 || status == 2)) $(totals mails imported)" '1 589 0' 'another UIDVALIDITY: all is read again, and known'
is "$(sql 'SELECT count(*) FROM ruastat.reports')" 81 'nothing counts twice'
read_as keep
is "$status $(totals mails)" '0 0' 'and then known by its new UIDs'
verifies

mailbox seen
read_as seen 'after="seen"'
is "$status $(totals mails)" '2 589' 'seen: all is read'
untouched noise bad
peeked
is "$(awk '$2 ~ /\\Seen/ && $2 ~ /\$Ruastat/' "$work/is-report" | wc -l)" 86 'seen: every report is seen, by whom too'
is "$(cut -d ' ' -f 1,3 "$work/is-report" | sha256sum)" "$(cut -d ' ' -f 1,3 "$work/was-report" | sha256sum)" \
	'seen: with its UID and bytes'
imap_listen
read_as seen 'after="seen"'
is "$status $(totals mails)" '0 0' 'seen: nothing is new'
is "$(imap_said | grep -cE 'STORE|BODY')" 0 'seen: and nothing is done'

mailbox move
read_as move 'after="move"' 'move_to="Berichte/Größe & Zahl"'
is "$status $(totals mails)" '2 589' 'move: all is read'
untouched noise bad
peeked
is "$(wc -l <"$work/is-report")" 0 'move: no report is left'
holds 'Berichte/Größe & Zahl' '' report
imap_do move folders | grep -Fxq 'Berichte/Größe & Zahl'
result $? 'move: into a folder that was made, as people write it'
is "$(imap_do move subscribed)" '' 'move: and not subscribed to'
read_as move 'after="move"' 'move_to="Berichte/Größe & Zahl"'
is "$status $(totals mails)" '0 0' 'move: nothing is new'

mailbox delete
read_as delete 'after="delete"'
is "$status $(totals mails)" '2 589' 'delete: all is read'
untouched noise bad
is "$(wc -l <"$work/is-report")" 0 'delete: no report is left'
is "$(imap_do delete folders)" INBOX 'delete: and no folder was made'

mailbox failures
read_as failures 'after="move"' 'move_to="Done"' 'failures="Unreadable"'
is "$status $(totals mails)" '2 589' 'failures: all is read'
untouched noise
is "$(wc -l <"$work/is")" 500 'failures: nothing but ordinary mail is left'
holds Done '' report
holds Unreadable '' bad

# What somebody else marked as deleted is not ours to expunge.
box=deleted
imap_deliver $box INBOX "$work/report" "$work/noise"
imap_do $box run 'SELECT INBOX' 'UID STORE 90:120 +FLAGS.SILENT (\Deleted)' >"$work/null"
imap_state $box INBOX >"$work/was"
of_kind was
read_as $box 'after="delete"'
is "$status $(totals mails)" '0 586' 'deleted by its owner, not expunged yet'
untouched noise

# Several folders, by name and by pattern; the target lies among them.
n=0
for folder in DMARC/A 'DMARC/B/C' 'DMARC/Größe' Other INBOX; do
	n=$((n + 1))
	mailgen --story bench --reports $((n + 2)) --seed $((n + 40)) "$work/folder-$n" >"$work/null"
	imap_deliver many "$folder" "$work/folder-$n"
done
read_as many 'folders={ "DMARC/%" }'
is "$status $(totals mails imported)" '0 8 8' 'a pattern: one level'
read_as many 'folders={ "DMARC/*" }'
is "$status $(totals mails imported)" '0 4 4' 'a pattern: all levels'
read_as many 'folders={ "DMARC/*", "Other" }'
is "$status $(totals mails imported)" '0 6 6' 'and a name'
is "$(sql "SELECT result FROM ruastat.mailboxes WHERE mailbox LIKE 'imap%many%/ DMARC/* Other' OR mailbox LIKE 'imap%many% DMARC/* Other'")" fine \
	'the run is known by the folders too'
is "$(sql "SELECT DISTINCT split_part(name, ';', 1) FROM ruastat.intake WHERE source LIKE 'imap://many@%' ORDER BY 1" | xargs)" \
	'DMARC/A DMARC/B/C DMARC/Größe Other' 'they are named as people do'
read_as many 'folders={ "DMARC/*", "Other", "INBOX" }' 'after="move"' 'move_to="DMARC/Done"'
is "$status $(totals mails imported)" '0 7 7' 'moved to one that the pattern matches'
is "$(imap_state many DMARC/Done | wc -l)" 25 'where all are now'
read_as many 'folders={ "DMARC/*", "Other", "INBOX" }' 'after="move"' 'move_to="DMARC/Done"'
is "$status $(totals mails)" '0 0' 'that is never a source'
read_source many "path=$(url many /DMARC/Nowhere)"
[ $status -ne 0 ] && grep -q 'DMARC/Nowhere' "$work/err"
result $? "a folder that does not exist is named: $(head -n 1 "$work/err")"

# Who we are, and how it is said.
logged_in()
{
	tail -n 50 "$imap/log" | grep 'Login: user=' | tail -n 1 | sed -E 's/.*user=<([^>]*)>, method=([A-Z0-9]*),.*/\1 \2/'
}

imap_deliver ada INBOX "$work/folder-1"
imap_token ada | put "$work/token"
imap_token ada -20 | put "$work/token-old"
imap_token ada 3600 'another secret' | put "$work/token-forged"
imap_token eve | put "$work/token-eve"
new=3
for way in plain login; do
	read_source ada "auth=$way"
	is "$status $(totals mails) $(logged_in)" "0 $new ada ${way^^}" "auth = $way"
	new=0
done
for way in xoauth2 oauthbearer any; do
	read_source ada "auth=$way" password_file= "token_command=\"cat $work/token\""
	is "$status $(logged_in | sed 's/ .*BEARER\| XOAUTH2/ TOKEN/')" '0 ada TOKEN' "auth = $way with a token: $(logged_in)"
done
read_source ada "password_command=\"cat $work/password\"" password_file=
is "$status $(logged_in)" '0 ada PLAIN' 'password_command'
read_source ada auth=external password_file= "certificate=\"$imap/tls/ada.pem\"" "key=\"$imap/tls/ada.key\""
is "$status $(logged_in)" '0 ada EXTERNAL' 'auth = external'
read_source ada "path=\"imap://ada@$imap_host:$imap_port\""
is "$status $(grep -c 'Login: .*TLS' <(tail -n 3 "$imap/log"))" '0 1' 'STARTTLS'
read_source ada "path=\"imaps://$imap_host:$imaps_port/INBOX\"" 'user="ada"'
is "$status $(logged_in)" '0 ada PLAIN' 'user = instead of in the URL'
read_source ada "path=\"imaps://ada@example.org@$imap_host:$imaps_port/INBOX\""
is "$status $(logged_in)" '0 ada@example.org PLAIN' "a user's name with an @"
ruastat ingest --json "imaps://ada@$imap_host:$imaps_port" --password-file "$work/password" --ca-file "$imap/tls/ca.pem"
is "$status $(logged_in)" '0 ada PLAIN' 'a URL as an argument'

# Ingest with this said of the source; it must fail as told and say so.
refused()
{
	local want=$1 words=$2 what=$3

	shift 3
	read_source postbox "$@"
	{ [ $status -eq "${want%,*}" ] || [ $status -eq "${want#*,}" ]; } && grep -qiE "$words" "$work/err" &&
		grep -qE 'postbox|localhost' "$work/err"
	result $? "$what ($status): $(head -n 1 "$work/err" | cut -c 1-160)"
	! grep -qF -e "$imap_password" -e wrong-secret -e "$(tail -c 30 "$work/token")" "$work/err" "$work/out"
	result $? "$what: no secret is printed"
}

tried()
{
	sed -n 's/.*(auth failed, \([0-9]*\) attempts.*/\1/p' "$imap/log" | awk '{ n += $1 } END { print n + 0 }'
}

(umask 077 && echo wrong-secret | put "$work/wrong")
"${as[@]}" chmod 600 "$work/wrong"
for way in plain login; do
	before=$(tried)
	refused 75,1 'authentication failed' "a wrong password, $way" "auth=$way" "password_file=\"$work/wrong\""
	is "$(($(tried) - before)) $(grep -c . "$work/err")" '1 1' 'and it is tried and told once'
done
is "$(sql "SELECT DISTINCT result FROM ruastat.mailboxes WHERE trouble ~* 'authentication failed'")" trouble \
	'and written down'
for token in old forged eve; do
	for way in xoauth2 oauthbearer; do
		refused 75,1 'authentication|invalid|expired|token' "a token that is no good: $token, $way" \
			"auth=$way" password_file= "token_command=\"cat $work/token-$token\""
	done
done
refused 75,1 'auth|certificate' 'external without a certificate' auth=external password_file=
refused 75,1 'auth' "external with somebody else's certificate" auth=external password_file= \
	"path=$(url bob)" "certificate=\"$imap/tls/other.pem\"" "key=\"$imap/tls/other.key\""
refused 75,1 'exit|fail|command' 'a command that fails' password_file= 'password_command="exit 3"'
refused 1,75 'no such file' 'no such password file' "password_file=\"$work/nowhere\""
"${as[@]}" cp "$work/password" "$work/open" && "${as[@]}" chmod 644 "$work/open"
refused 1,75 'others|mode|permission' 'a password that all can read' "password_file=\"$work/open\""
refused 1,1 'password|token' 'no way to log in' password_file=
refused 1,1 'loopback|tls' 'no TLS to somewhere else' 'path="imap://ada@192.0.2.1"' tls=off ca_file=
refused 75,1 'localhost' 'nobody listens' 'path="imaps://ada@localhost:1"'
refused 1,1 'ca_file|no such file' 'no such CA' "ca_file=\"$work/nowhere\""

# One that fails does not keep the others from being read.
mailgen --story bench --reports 4 --seed 77 "$work/late" >"$work/null"
imap_deliver carl INBOX "$work/late"
{
	imap_conf broken "password_file=\"$work/wrong\""
	imap_conf carl "path=$(url carl)"
} >"$work/sources"
ruastat_with ingest --json <"$work/sources"
is "$((status != 0)) $(totals mails) $(grep -c broken "$work/err")" '1 4 1' 'one fails, the other is read'
imap_deliver carl INBOX "$work/folder-2"
{
	imap_conf broken "password_file=\"$work/wrong\""
	imap_conf carl "path=$(url carl)"
} >"$work/sources"
ruastat_with ingest --json carl <"$work/sources"
is "$status $(totals mails)" '0 4' 'only those that are named are read'

{
	imap_conf carl "path=$(url carl)"
} >"$work/sources"
ruastat_with check-config --connect <"$work/sources"
is "$status" 0 'check-config --connect'
{
	imap_conf carl "path=$(url carl)"
	imap_conf broken "password_file=\"$work/wrong\""
} >"$work/sources"
ruastat_with check-config --connect <"$work/sources"
[ $status -ne 0 ] && cat "$work/out" "$work/err" | grep -q broken
result $? 'and one that does not let us in'

# COMPRESS.
imap_deliver zip INBOX "$work/report" "$work/noise"
imap_listen
read_as zip compress=true
is "$status $(totals mails) $(imap_said | grep -c 'COMPRESS DEFLATE')" '0 586 1' 'compressed'

# Mails come and go while the mailbox is read over a slow line.
box=busy
imap_deliver $box INBOX "$work/report"
mailgen --story bench --reports 60 --seed 99 "$work/more" >"$work/null"
imap_state $box INBOX >"$work/was"
node_start delay-proxy "$imaps_port" delay=20 rate=400000
proxied="path=\"imaps://$box@$imap_host:$node_port\""
# shellcheck disable=SC2016 # for the inner shell
"${as[@]}" bash -c 'i=0; for f in "$2"/new/* "$2"/cur/*; do
		i=$((i + 1))
		cp "$f" "$1/tmp/9$i.M$i.late" && mv "$1/tmp/9$i.M$i.late" "$1/new/9$i.M$i.late"
		[ $((i % 3)) != 0 ] || for g in "$1"/new/* "$1"/cur/*; do
			sha256sum "$g" && rm "$g" && break
		done 2>/dev/null
		sleep 0.02
	done' - "$imap/mail/$box" "$work/more" >"$work/removed" &
busy=$!
read_source $box "$proxied" 'after="move"' 'move_to="Done"'
is "$((status == 0 || status == 75))" 1 "mails come and go meanwhile: $(totals mails) read"
wait $busy
node_stop
for _ in 1 2; do
	read_as $box 'after="move"' 'move_to="Done"'
done
is "$status $(totals mails)" '0 0' 'then there is nothing more to do'
is "$(imap_state $box INBOX | wc -l)" 0 'nothing is left in the mailbox'
imap_hashes $box Done >"$work/got"
is "$(uniq -d "$work/got" | wc -l)" 0 'no mail is in the target twice'
is "$(wc -l <"$work/got")" $((146 - $(wc -l <"$work/removed"))) \
	"and all are but the $(wc -l <"$work/removed") that were taken away"
verifies

# A dry run of more mails than may wait at once changes nothing and comes to its end.
mailgen --story bench --reports 1500 --seed 77 --domains 3 "$work/many" >"$work/null"
imap_deliver many INBOX "$work/many"
imap_state many INBOX >"$work/was"
imap_conf many "path=\"imaps://many@$imap_host:$imaps_port\"" 'after="move"' 'move_to="Done"' >"$work/sources"
ruastat_with ingest --json --dry-run <"$work/sources"
is "$status $(totals mails)" '0 1500' 'a dry run of 1,500 mails'
imap_state many INBOX >"$work/is"
same "$work/was" "$work/is" 'changes nothing'

# A mailbox that was restored from a backup gives the UIDs again that it gave to others.
imap_deliver restored INBOX "$work/report"
read_as restored
dir=$(imap_dir restored INBOX)
imap_stop
"${as[@]}" bash -c 'rm -f "$1"/cur/* "$1"/new/* "$1"/dovecot.index* && sed -i "1s/N[0-9]*/N4/; 2,\$d" "$1/dovecot-uidlist"' - "$dir"
imap_again
imap_deliver restored INBOX "$work/more"
read_as restored
is "$status $(totals mails)" '0 60' 'a mailbox restored from a backup is read anew'
grep -q 'read anew' "$work/err"
result $? 'and that is told'
read_as restored
is "$status $(totals mails) $(grep -c . "$work/err")" '0 0 0' 'once'

# A line that breaks again and again, and one on which nothing comes any more: each connection brings some
# mails, and in the end all are here.
for how in down stall; do
	imap_deliver thin-$how INBOX "$work/report"
	node_start delay-proxy "$imaps_port" $how=90000 every=1
	start=$(milliseconds)
	read_source thin "path=\"imaps://thin-$how@$imap_host:$node_port\"" timeout=2
	is "$status $(totals mails)" '0 86' "lines that end after 90,000 bytes ($how)"
	diag "it took $(($(milliseconds) - start)) ms"
	node_stop
done
# Too short for a single mail: given up, and told once.
imap_deliver short INBOX "$work/report"
node_start delay-proxy "$imaps_port" down=6000 every=1
refused 75,75 'localhost' 'a line that ends after 6,000 bytes' \
	"path=\"imaps://short@$imap_host:$node_port\"" timeout=2
is "$(grep -c . "$work/err")" 1 'it is told once'
node_stop

# Whom we trust.
with_certificate()
{
	imap_stop
	imap_certificate=$1
	imap_write_conf | put "$imap/dovecot.conf"
	imap_again || diag 'the server does not start'
}

refused 1,75 'certificate|issuer|self.signed' "not the system's" ca_file=
print=$(fingerprint server)
read_source ada ca_file= "fingerprint=\"$print\""
is "$status" 0 'a fingerprint is enough'
refused 1,75 'fingerprint' 'another fingerprint' ca_file= "fingerprint=\"$(fingerprint other)\""
for name in other self old; do
	with_certificate $name
	refused 1,75 'certificate|host|name|expired|self' "a certificate that is no good: $name"
	is "$(grep -c 'Login:' "$imap/log")" 0 'and nobody logs in'
	refused 1,75 'certificate|host|name|expired|self' "a certificate that is no good, STARTTLS: $name" \
		"path=\"imap://ada@$imap_host:$imap_port\""
	read_source ada ca_file= "fingerprint=\"$(fingerprint $name)\""
	is "$status" 0 "but with its fingerprint: $name"
done

# In the clear, on loopback, where the server allows it; the other namespace.
imap_stop
rm -rf "$imap/mail"
imap_start private=no separator=. prefix=INBOX. compress=no
result $? 'a Dovecot with another namespace'
read_source ada "path=\"imap://ada@127.0.0.1:$imap_port\"" tls=off ca_file=
is "$status $(tail -n 5 "$imap/log" | grep 'Login:' | grep -c TLS)" '0 0' 'no TLS at all'
imap_deliver dora DMARC/In "$work/report"
imap_deliver dora INBOX "$work/noise"
read_as dora 'folders={ "DMARC/*" }' 'after="move"' 'move_to="Archive/Größe"' compress=true
is "$status $(totals mails)" '0 86' 'the prefix and the dots are not ours to write'
is "$(imap_state dora DMARC/In | wc -l) $(imap_state dora Archive/Größe | wc -l) $(imap_state dora INBOX | wc -l)" \
	'0 86 500' 'moved'
[ -d "$(imap_dir dora Archive/Größe)" ]
result $? 'to where it belongs'
read_as dora 'folders={ "DMARC/*", "INBOX" }' 'after="move"' 'move_to="Archive/Größe"'
is "$status $(totals mails not_a_report)" '0 500 500' 'and INBOX is INBOX'

# A large mailbox in which nothing is new.
mailgen --story bench --reports $known --seed 5 "$work/large" >"$work/null"
imap_deliver large INBOX "$work/large"
start=$(milliseconds)
patience=600 read_as large
is "$status $(totals mails)" "0 $known" "$known mails"
diag "read in $(($(milliseconds) - start)) ms"
best=100000
for _ in 1 2 3; do
	imap_listen
	start=$(milliseconds)
	read_as large
	took=$(($(milliseconds) - start))
	[ $took -ge $best ] || best=$took
	is "$status $(totals mails) $(imap_said | grep -c 'BODY')" '0 0 0' 'nothing is new'
	diag "a run over $known known mails took $took ms"
done
[ $best -lt 1000 ]
measured $? "a run over $known known mails: $best ms"
verifies
done_testing
