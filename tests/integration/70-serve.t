#!/bin/bash
# timeout: 300
# The dashboard's server as a whole: who may come in, what it answers, how it starts and ends.
set -u
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/web.sh
. "$SRC/tests/integration/web.sh"

if ! command -v curl >/dev/null || ! command -v openssl >/dev/null; then
	echo '1..0 # SKIP curl or openssl is missing'
	exit 0
fi
good='correct horse battery'
local_time=$(date +%s)

# From the address 127.0.0.${1}.
from()
{
	client=(--interface "127.0.0.$1")
}

hash_of()
{
	printf '%s' "$1" | sha256sum | cut -d ' ' -f 1
}

# The number of words in a column of statuses.
count_of()
{
	grep -c "^$1\$" "$2"
}

# -- the first start, an empty database, and the link -----------------------------------------------

use_state first
start_serve
result $? 'serve starts with an empty state directory'
grep -q "^ *http://127.0.0.1:$port/login#[A-Za-z0-9_-]\{43\}\$" "$work/web.out"
result $? 'and prints a one-time link'
grep -q '15 minutes' "$work/web.out"
result $? 'with its time'
tail -n 1 "$work/web.out" | grep -q "ssh -L $port:127.0.0.1:$port "
result $? 'and how to come from elsewhere'
is "$(cat "$work/web.err")" '' 'and no complaint'
is "$(sql "SELECT count(*), min(role::text), bool_and(expires_at BETWEEN now() + '14 min' AND now() + '15 min')
	FROM ruastat_data.dashboard_link")" '1|admin|t' 'the link is for an administrator, for a quarter of an hour'
is "$(sql "SELECT encode(token_hash, 'hex') FROM ruastat_data.dashboard_link")" "$(hash_of "$link")" \
	'only its hash is stored'
hold_up

for ((i = 11; i <= 20; i++)); do
	curl -sS --interface 127.0.0.$i -o "$work/race.$i" -w '%{http_code}\n' \
		-H 'Content-Type: application/json' -d "{\"token\":\"$link\"}" \
		"$base/api/v1/link" >"$work/race.$i.status" 2>&1 &
	racers[i]=$!
done
wait "${racers[@]}"
cat "$work"/race.*.status >"$work/race"
is "$(count_of 200 "$work/race") $(count_of 401 "$work/race")" '1 9' \
	'ten redeem the link at once: one comes in'
is "$(sql 'SELECT (SELECT count(*) FROM ruastat_data.dashboard_link), (SELECT count(*) FROM ruastat_data.dashboard_session)')" \
	'0|1' 'and it is gone'
from 2
redeem "$link"
answered 401 link_invalid 'a link works only once'
is "$(cat "$jar" 2>/dev/null | grep -c ruastat)" 0 'and gives no cookie'

make_link()
{
	sql "INSERT INTO ruastat_data.dashboard_link VALUES (decode('$(hash_of "$1")', 'hex'), 'admin',
		now() + interval '$2')" >"$work/sql"
}

make_link expired '-1 second'
redeem expired
answered 401 link_invalid 'an expired link'
answer .error.message | grep -q 'time is up'
result $? 'which is said'
is "$(sql 'SELECT count(*) FROM ruastat_data.dashboard_link')" 0 'is gone, too'
redeem ''
answered 401 link_invalid 'no token is none'
for ((i = 0; i < 5; i++)); do
	redeem "guess$i"
done
answered 429 too_many_attempts 'guessing links is slowed down'
make_link second '1 minute'
from 3
redeem second
is "$http $(answer '[.name, .role, .by_link] | tostring')" '200 [null,"admin",true]' \
	'who came by a link has no name yet'
api session
is "$http $(answer '[.name, .role, .by_link, (.csrf | length), .version] | tostring')" \
	"200 [null,\"admin\",true,64,\"$("$work/ruastat" --version | grep -o '[0-9.]*[0-9]' | head -n 1)\"]" \
	'GET session tells who it is'

# -- a user out of a link ---------------------------------------------------------------------------

post password '{"name":"a b","new_password":"correct horse battery"}'
answered 400 'bad_parameter name' 'a bad name'
post password '{"name":"ann","new_password":"short"}'
answered 400 'bad_parameter new_password' 'a short password'
post password "{\"name\":\"Ann@Example.org\",\"new_password\":\"$good\"}"
answered 200 '' 'who came by the link makes a user'
api session
is "$(answer '[.name, .role, .by_link] | tostring')" '["ann@example.org","admin",false]' \
	'and the session is his'
post password '{"name":"bob","new_password":"correct horse battery"}'
answered 400 bad_request 'but only once'
make_link third '1 minute'
cp "$jar" "$work/ann"
redeem third
post password "{\"name\":\"ann@example.org\",\"new_password\":\"$good\"}"
answered 400 'bad_parameter name' 'a name that is taken'
api session
is "$http $(answer .by_link)" '200 true' 'leaves the session as it was'
cp "$work/ann" "$jar"
api users
is "$http $(answer '[.total, .next, .rows[0].name, .rows[0].role] | tostring')" \
	'200 [1,null,"ann@example.org","admin"]' 'GET users'
answer '.rows[0].created_at, .rows[0].last_login_at' | grep -cE '^20[0-9-]{8}T[0-9:]{8}Z$' >"$work/sql"
is "$(cat "$work/sql")" 2 'with times'

# A link that nobody used keeps its word when the server is started anew.
make_link later '10 minutes'
old_port=$port
stop_web INT
is $? 0 'SIGINT ends serve well'
start_serve --listen "127.0.0.1:$old_port"
is "$?:$port" "0:$old_port" 'started again on the same port at once'
is "$(cat "$work/web.out")" "ruastat's dashboard: $base/" 'with a user no link is printed'
is "$(sql 'SELECT count(*) FROM ruastat_data.dashboard_link')" 1 'nor made'
api session
is "$http $(answer .name)" '200 ann@example.org' 'sessions outlive the server'
from 4
redeem later
answered 200 '' 'a link of the server before, within its time'

# -- users, by the command line ---------------------------------------------------------------------

complains()
{
	is "$status" 1 "$2"
	grep -qF -- "$1" "$work/err" && [ ! -s "$work/out" ]
	result $? "and says \"$1\""
}

add_user Bob@example.org "$good bob"
is "$status" 0 'user add'
add_user bob@EXAMPLE.org "$good bob"
complains 'already' 'a name twice'
add_user victor "$good victor" --role viewer
is "$status" 0 'user add --role viewer'
add_user x elevenbytes
complains 'at least 12' 'a short password'
add_user x "$(head -c 1025 /dev/zero | tr '\0' x)"
complains 'too long' 'a long one'
add_user 'a b' "$good"
complains 'characters' 'a name with a blank'
add_user "$(head -c 65 /dev/zero | tr '\0' x)" "$good"
complains '64' 'a long name'
add_user x "$good" --role nonsense
complains '"nonsense"' 'a role that is none'
ruastat user add x --password-file "$work/nothing"
complains "$work/nothing" 'a password file that is not there'
ruastat user add x --password-file "$work"
complains "$work" 'a directory for a password file'
printf 'correct\0horse battery\n' | put "$work/password"
ruastat user add x --password-file "$work/password"
complains NUL 'a NUL in it'
timeout 60 "${as[@]}" setsid -w "$work/ruastat" user add x --no-config --state-dir "$state" \
	>"$work/out" 2>"$work/err" </dev/null
status=$?
complains '--password-file' 'no terminal to ask at'
printf '%s' "$good" | timeout 60 "${as[@]}" "$work/ruastat" user add dora --no-config \
	--state-dir "$state" --password-file - >"$work/out" 2>"$work/err"
is $? 0 'a password from standard input, without a line end'
ruastat user passwd nobody --password-file "$work/password"
complains NUL 'passwd reads it, too'
printf '%s\n' "$good" | put "$work/password"
ruastat user passwd nobody --password-file "$work/password"
complains '"nobody"' 'passwd of an unknown name'
ruastat user passwd bob@example.org --password-file "$work/password" --role viewer
complains '--role' 'a role where none can be'
ruastat user remove nobody
complains '"nobody"' 'remove of an unknown name'
for words in '' 'nonsense' 'add' 'remove' 'add x y' 'list x'; do
	# shellcheck disable=SC2086 # words
	ruastat user $words
	complains 'wants list' "user $words"
done
ruastat user list --json
is "$(jq -rc '[.name, .role, .sessions] | join(" ")' "$work/out")" \
	'ann@example.org admin 1
bob@example.org admin 0
dora admin 0
victor viewer 0' 'user list'
is "$(sql "SELECT count(*) FROM ruastat_data.dashboard_user WHERE password_hash ~ '^scrypt[\$]15[\$]8[\$]1[\$]'")" 4 \
	'only hashes are stored'

# -- logging in -------------------------------------------------------------------------------------

from 5
log_in bob@example.org "$good bob"
answered 200 '' 'login'
is "$(answer '[.name, .role, .by_link] | tostring')" '["bob@example.org","admin",false]' 'tells who it is'
cookie=$(header Set-Cookie)
for part in HttpOnly SameSite=Strict Path=/ Max-Age=604800; do
	[[ "; $cookie; " == *"; $part; "* ]]
	result $? "its cookie has $part"
done
[[ $cookie == ruastat_$port=* && $cookie != *Secure* && $cookie != *Domain* ]]
result $? 'the port in its name, no Secure, no Domain'
log_in BOB@Example.ORG "$good bob"
answered 200 '' 'case of a name is no matter'
log_in bob@example.org "$good Bob"
answered 401 wrong_password 'case of a password is'
cp "$work/out" "$work/wrong"
log_in nobody "$good bob"
same "$work/out" "$work/wrong" 'an unknown name is told the same'
log_in 'no name' "$good"
same "$work/out" "$work/wrong" 'as is what can be none'
log_in '' ''
same "$work/out" "$work/wrong" 'and nothing'
log_in bob@example.org "$(head -c 1025 /dev/zero | tr '\0' x)"
same "$work/out" "$work/wrong" 'and a password too long to be one'

# The shortest of four tries, in milliseconds.
time_of_login()
{
	local i begin ms least=100000

	for ((i = 0; i < 4; i++)); do
		begin=$(milliseconds)
		log_in "$1" 'wrong wrong wrong'
		ms=$(($(milliseconds) - begin))
		[ "$ms" -ge "$least" ] || least=$ms
	done
	echo "$least"
}

from 6
known=$(time_of_login ann@example.org)
from 7
unknown=$(time_of_login carl)
diag "a wrong password takes $known ms, an unknown name $unknown ms"
[ "$known" -lt $((unknown * 2 + 50)) ] && [ "$unknown" -lt $((known * 2 + 50)) ]
result $? 'an unknown name takes as long as a wrong password'

from 8
for ((i = 0; i < 5; i++)); do
	log_in victor wrong
	is "$http" 401 "wrong password $((i + 1))"
done
log_in victor wrong
answered 429 too_many_attempts 'the sixth in a row'
seconds=$(header Retry-After)
[ "${seconds:-0}" -ge 1 ] && [ "$seconds" -le 60 ]
result $? 'says when to try again'
log_in victor "$good victor"
answered 429 too_many_attempts 'the right password does not help there'
log_in dora "$good"
answered 200 '' 'another user from there may come in'
from 9
log_in victor "$good victor"
answered 200 '' 'and that user from elsewhere'
for ((i = 0; i < 8; i++)); do
	log_in victor "$good victor"
done
answered 200 '' 'who knows the password is never slowed down'

# -- the end of sessions ----------------------------------------------------------------------------

from 10
cp "$jar" "$work/victor"
post logout '{}'
is "$http $(cat "$work/out")" '200 {}' 'logout'
header Set-Cookie | grep -q "^ruastat_$port=;.*Max-Age=0"
result $? 'takes the cookie away'
cp "$work/victor" "$jar"
api session
answered 401 login_required 'and the session with it'

# After ${1} is done to the session, GET session gives ${2}.
session_after()
{
	log_in victor "$good victor"
	sql "UPDATE ruastat_data.dashboard_session SET $1 WHERE name = 'victor'" >"$work/sql"
	api session
	is "$http" "$2" "$3"
}

session_after "started_at = now() - interval '7 days 1 second'" 401 'a session of a week has ended'
session_after "started_at = now() - interval '6 days 23 hours'" 200 'one that is nearly as old has not'
session_after "last_seen_at = now() - interval '12 hours 1 second'" 401 'one unused for half a day has'
session_after "last_seen_at = now() - interval '11 hours'" 200 'one that was used meanwhile has not'
is "$(sql "SELECT count(*) FROM ruastat_data.dashboard_session
	WHERE name = 'victor' AND last_seen_at > now() - interval '1 minute' AND started_at > now() - interval '1 minute'")" 1 \
	'its use is noted'

log_in bob@example.org "$good bob"
cp "$jar" "$work/bob"
bob_csrf=$csrf
log_in bob@example.org "$good bob"
post password "{\"password\":\"wrong wrong wrong\",\"new_password\":\"$good new\"}"
answered 401 'wrong_password password' 'a new password wants the old one'
post password "{\"new_password\":\"$good new\"}"
answered 401 'wrong_password password' 'in any case'
post password "{\"password\":\"$good bob\",\"new_password\":\"elevenbytes\"}"
answered 400 'bad_parameter new_password' 'and to be long enough'
post password "{\"password\":\"$good bob\",\"new_password\":\"$good new\"}"
is "$http $(cat "$work/out")" '200 {}' 'a new password'
api session
is "$http" 200 'keeps this session'
cp "$jar" "$work/bob2"
cp "$work/bob" "$jar"
api session
answered 401 login_required 'and ends the others'
log_in bob@example.org "$good bob"
answered 401 wrong_password 'the old one is of no use'
cp "$work/bob2" "$jar"
printf '%s\n' "$good newest" | put "$work/password"
ruastat user passwd bob@example.org --password-file "$work/password"
is "$status" 0 'user passwd'
api session
answered 401 login_required 'ends his sessions'
log_in bob@example.org "$good newest"
answered 200 '' 'and counts at once'
ruastat user remove bob@example.org
is "$status" 0 'user remove'
api session
answered 401 login_required 'ends his sessions, too'
log_in bob@example.org "$good newest"
answered 401 wrong_password 'he is nobody now'
csrf=$bob_csrf

# -- who may change something, and who may see what ------------------------------------------------

from 21
log_in ann@example.org "$good"
right=$csrf

refused()
{
	answered 403 forbidden "$1"
}

csrf=''
post logout '{}'
refused 'no token'
csrf=${right%?}
post logout '{}'
refused 'half a token'
csrf=$(hash_of x)
post logout '{}'
refused 'a wrong token'
csrf=$right
post logout '{}' -H 'Origin: https://evil.example'
refused 'another origin'
post logout '{}' -H 'Origin: null'
refused 'an origin that is none'
post logout '{}' -H "Origin: http://127.0.0.1:1$port"
refused 'another port'
post logout '{}' -H 'Sec-Fetch-Site: cross-site'
refused 'a browser that tells of another site'
post logout '{}' -H 'Sec-Fetch-Site: same-site'
refused 'a neighbour'
type=text/plain post logout '{}'
refused 'a body that is not said to be JSON'
api logout -H "X-CSRF-Token: $csrf" -d '{}'
refused 'a form'
post login "{\"name\":\"ann@example.org\",\"password\":\"$good\"}" -H 'Sec-Fetch-Site: cross-site'
refused 'logging in from another site'
api login --data-binary "{\"name\":\"ann@example.org\",\"password\":\"$good\"}" -H 'Content-Type: text/plain'
refused 'or by a form'
api "logout?x=1" -X GET
answered 405 method_not_allowed 'nothing changes by GET'
api session
is "$http" 200 'after all this the session is there'
post password "{\"password\":\"$good\",\"new_password\":\"$good\"}" -H "Origin: $base" \
	-H 'Sec-Fetch-Site: same-origin'
answered 200 '' 'its own pages may'

gets='users summary domains daily sources records selectors reports report report/records report/original'
csvs='users domains daily sources records selectors reports report/records'
cp "$jar" "$work/ann"
for none in '' 'ruastat_1=x' "ruastat_$port=x" "ruastat_$port=$(hash_of x | cut -c 1-43)" \
	"ruastat_$((port + 1))=$(awk '/ruastat_/ { print $7 }' "$work/ann")"; do
	rm -f "$jar"
	got=''
	for path in session $gets $(printf '%s.csv ' $csvs); do
		api "$path" -H "Cookie: $none"
		got="$got $http"
	done
	post logout '{}' -H "Cookie: $none"
	got="$got $http"
	post password '{}' -H "Cookie: $none"
	got="$got $http"
	is "$(tr ' ' '\n' <<<"${got# }" | sort | uniq -c | xargs)" '22 401' "nothing is told with cookie \"${none:0:20}\""
done
# The password's own end: none of it is left in an answer.
fetch "$base/healthz"
is "$http $(cat "$work/out")" '200 ok' 'healthz is for everybody'
for path in / /login /account /reports /domain/example.org /report/x/y/z /favicon.ico; do
	fetch --compressed "$base$path"
	grep -qiE 'ann@|example\.org|csrf|token' "$work/out"
	is "$http $?" '200 1' "$path is there, without any data"
done

from 22
log_in victor "$good victor"
for path in users users.csv; do
	api $path
	answered 403 forbidden "$path is not for viewers"
done
api session
is "$http $(answer .role)" '200 viewer' 'but who they are'

# -- paths, methods, parameters ---------------------------------------------------------------------

cp "$work/ann" "$jar"
csrf=$right
for path in '' x session/ sessions SESSION 'session.csv' 'login.csv' 'report.csv' 'report/original.csv' \
	'summary.csv' '.csv' 'report/' 'report/x' '../v1/session' './session' '%2e%2e/v1/session' 'users.csv.csv'; do
	api "$path" --path-as-is
	answered 404 not_found "no path: \"$path\""
done
for path in /api /api/ /api/v2/session /api/v1 //api/v1/session /static /static/ /x /index.html /login/ \
	/.git/config /healthz/ '/%2e%2e/etc/passwd' /../../etc/passwd; do
	fetch --path-as-is "$base$path"
	is "$http" 404 "no path: $path"
done
fetch --path-as-is "$base/healthz%00x"
is "$http" 404 'a path with a NUL is none'
api session -X POST -H 'Content-Type: application/json' -d '{}'
answered 405 method_not_allowed 'POST where GET is meant'
is "$(header Allow)" 'GET, HEAD' 'Allow says so'
for method in PUT DELETE OPTIONS PATCH TRACE; do
	api session -X $method
	is "$http $(header Allow)" '405 GET, HEAD' "$method"
done
api login
is "$http $(header Allow)" '405 POST' 'GET where POST is meant'
api session
length=$(wc -c <"$work/out")
api session --head
is "$http $(header Content-Length)" "200 $length" 'HEAD'
fetch --head "$base/"
is "$http $(header Content-Type)" '200 text/html; charset=utf-8' 'HEAD of the page'

bad()
{
	api "$1"
	answered 400 "bad_parameter $2" "$1"
}

bad 'users?x=1' x
bad 'users.csv?limit=1' limit
bad 'domains?nonsense=1' nonsense
bad 'domains?Search=x' Search
bad 'daily?domain=x&domain=x' domain
bad 'daily?domain=&domain=' domain
bad 'sources' domain
bad 'sources?domain=' domain
bad 'records?from=2026-01-01' domain
bad 'selectors?to=2026-01-01' domain
bad 'daily?from=2026-02-30' from
bad 'daily?to=2026-02-29' to
bad 'daily?to=20260101' to
bad 'daily?from=2026-01-01T00:00:00Z' from
bad 'sources?domain=x&within=192.0.2' within
bad 'sources?domain=x&within=192.0.2.0/33' within
bad 'sources?domain=x&within=example.org' within
bad 'report?domain=x&day=2026-01-01' key
bad 'report?domain=x&key=01234567-89ab-cdef-0123-456789abcdef' day
bad 'report?domain=x&day=2026-01-01&key=1' key
bad 'report/records?domain=x&day=2026-01-01&key=01234567-89AB-cdef-0123-456789abcdef' key
bad 'report/original?domain=x&day=yesterday&key=01234567-89ab-cdef-0123-456789abcdef' day
bad 'domains?limit=0' limit
bad 'domains?limit=1001' limit
bad 'domains?limit=x' limit
bad 'domains?limit=-1' limit
bad 'domains?sort=nonsense' sort
bad 'domains?order=up' order
bad 'sources?domain=x&by=day' by
bad 'sources?domain=x&result=pass' result
bad 'reports?sort=domain' sort
bad 'daily?domain=%FF' domain
bad 'daily?domain=a%00b' domain
bad 'daily?domain=%C0%80' domain
bad "daily?domain=$(head -c 1025 /dev/zero | tr '\0' x)" domain
bad 'daily?%22%3Cb%3E=1' '"<b>'
api "users?$(for ((i = 0; i < 40; i++)); do printf 'p%d=&' $i; done)"
answered 413 too_large 'more parameters than any path has'

# -- what requests may be ---------------------------------------------------------------------------

api session -H "X-Long: $(head -c 40000 /dev/zero | tr '\0' x)"
is "$http" 431 'a header of 40 kB'
fetch "$base/?$(head -c 40000 /dev/zero | tr '\0' x)"
case $http in
414 | 431) result 0 'an address of 40 kB' ;;
*) is "$http" 414 'an address of 40 kB' ;;
esac
head -c 20000 /dev/zero | tr '\0' x >"$work/large"
post login "@$work/large"
answered 413 too_large 'a body of 20 kB'
post login "@$work/large" -H 'Transfer-Encoding: chunked'
answered 413 too_large 'in pieces'
post logout "{\"x\":\"$(head -c 8000 /dev/zero | tr '\0' x)\"}"
is "$http" 200 'one of 8 kB is read'
log_in ann@example.org "$good"
cp "$jar" "$work/ann"
for body in '' '{' 'null' '[]' '"x"' 'name=x' '{"name":"x","name":"y"}' '{"name":1}' '{"other":"x"}' \
	'{"name":{"a":"b"}}' '{"name":"a\u0000b"}' $'{"name":"\xff"}'; do
	post login "$body"
	answered 400 bad_request "a body that is no request: ${body//[^ -~]/?}"
done

# How many answers these bytes get, and the first one's status.
raw()
{
	trap '' PIPE # the server may have heard enough
	exec {wire}<>"/dev/tcp/127.0.0.1/$port"
	{ printf '%b' "$1" >&"$wire"; } 2>/dev/null
	timeout 1 cat <&"$wire" | tr -d '\0' | grep -a '^HTTP/1.1 ' | tr -d '\r' >"$work/answers"
	exec {wire}>&-
	echo "$(wc -l <"$work/answers") $(head -n 1 "$work/answers" | cut -d ' ' -f 2)"
}

get='GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'
is "$(raw "$get$get")" '2 200' 'two requests in a row'
raw 'GET /healthz HTTP/1.1\r\n\r\n' >"$work/last"
is "$(cut -d ' ' -f 2 "$work/last")" 400 'no Host'
# What one reads as a body another might read as a request.
is "$(raw "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456$get")" \
	'1 400' 'two lengths'
is "$(raw "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$get")" \
	'1 400' 'a length and pieces'
for words in 'GET' 'GET /healthz' 'GET /healthz HTTP/9.9' '\x16\x03\x01\x02\x00\x01' 'SSH-2.0-x'; do
	raw "$words\r\n\r\n" >"$work/last"
	! grep -q ' 200' "$work/last"
	result $? "no request: $words"
done

# -- headers ----------------------------------------------------------------------------------------

guarded()
{
	local missing=''

	header Content-Security-Policy | grep -q "default-src 'self'.*frame-ancestors 'none'" || missing=CSP
	! header Content-Security-Policy | grep -q unsafe || missing="$missing unsafe"
	[ "$(header X-Content-Type-Options)" = nosniff ] || missing="$missing nosniff"
	[ "$(header X-Frame-Options)" = DENY ] || missing="$missing frame"
	[ "$(header Referrer-Policy)" = no-referrer ] || missing="$missing referrer"
	[ "$(header Cross-Origin-Opener-Policy)" = same-origin ] || missing="$missing opener"
	[ "$(header Cross-Origin-Resource-Policy)" = same-origin ] || missing="$missing resource"
	[ -n "$(header Permissions-Policy)" ] || missing="$missing permissions"
	[ -n "$(header Cache-Control)" ] || missing="$missing cache"
	[ -z "$(header Strict-Transport-Security)" ] || missing="$missing no-hsts"
	[ -z "$(header Access-Control-Allow-Origin)" ] || missing="$missing cors"
	is "$http:$missing" "$1:" "$1 has its headers: $2"
}

fetch --compressed "$base/"
guarded 200 'the page'
build=$(sed -nE 's,.*"/static/([^/]*)/.*,\1,p' "$work/out" | head -n 1)
[ "$(header Cache-Control)" = 'private, no-cache' ]
result $? 'which is asked for again each time'
tag=$(header ETag)
fetch -H "If-None-Match: $tag" "$base/"
guarded 304 'the page, known'
is "$(wc -c <"$work/out") $(header ETag)" "0 $tag" 'without a body, with its tag'
fetch --compressed "$base/static/$build/main.js"
guarded 200 'a static file'
is "$(header Cache-Control)|$(header Content-Type)" \
	'public, max-age=31536000, immutable|text/javascript; charset=utf-8' 'that never changes'
fetch "$base/static/$(hash_of x | cut -c 1-16)/main.js"
guarded 404 'a static file of another build'
for path in "$build" "$build/" "$build/nothing.js" "$build/../$build/main.js" "$build//main.js" "x$build/main.js" \
	"$build/main.js/" "$build/MAIN.js"; do
	fetch --path-as-is "$base/static/$path"
	[ "$http" = 404 ]
	result $? "no static file: $path"
done
fetch "$base/api/v1/session"
guarded 401 'nobody'
api users
guarded 200 JSON
is "$(header Content-Type) $(header Cache-Control)" 'application/json private, no-cache' 'is JSON, kept by nobody else'
tag=$(header ETag)
api users -H "If-None-Match: $tag"
guarded 304 'known JSON'
is "$(wc -c <"$work/out") $(header ETag) $(header Content-Encoding)" "0 $tag " 'without a body'
api users -H "If-None-Match: \"x\", ${tag#W/}"
is "$http" 304 'a list of tags, not weak'
api users -H 'If-None-Match: "x"'
is "$http" 200 'another tag'
sql "INSERT INTO ruastat_data.dashboard_user (name, role, password_hash)
	SELECT 'many' || n, 'viewer', 'none' FROM generate_series(1, 50) n" >"$work/sql"
api users -H "If-None-Match: $tag"
is "$http $(answer .total)" '200 53' 'other contents have another tag'
cp "$work/out" "$work/plain"
api users -H 'Accept-Encoding: gzip'
is "$(header Content-Encoding) $(header Vary)" 'gzip Accept-Encoding' 'gzip'
gzip -dc <"$work/out" >"$work/unpacked"
same "$work/unpacked" "$work/plain" 'is the same inside'
[ "$(wc -c <"$work/out")" -lt $(($(wc -c <"$work/plain") / 3)) ]
result $? 'and much less'
for encoding in identity 'gzip;q=0' 'br'; do
	api users -H "Accept-Encoding: $encoding"
	is "$http:$(header Content-Encoding)" 200: "no gzip for $encoding"
done
api users.csv
guarded 200 CSV
is "$(header Content-Type)|$(header Content-Disposition)" \
	'text/csv; charset=utf-8; header=present|attachment; filename="users.csv"' 'is a file to keep'
is "$(head -n 2 "$work/out")" \
	$'name,role,created_at,last_login_at\r\nann@example.org,admin,'"$(jq -r '.rows[0] | .created_at + "," + .last_login_at' "$work/plain")"$'\r' \
	'headed by the keys'
is "$(wc -l <"$work/out")" 54 'with all rows'
sql "DELETE FROM ruastat_data.dashboard_user WHERE name LIKE 'many%'" >"$work/sql"
api nothing
guarded 404 'no path'
api login
guarded 405 'a wrong method'
post logout '{}' -H 'Origin: http://evil.example'
guarded 403 'a foreign origin'
post login "@$work/large"
guarded 413 'a large body'
post login x
guarded 400 'no JSON'
bad 'daily?from=x' from
guarded 400 'a bad parameter'
fetch "$base/healthz"
guarded 200 healthz

# -- the database -----------------------------------------------------------------------------------

api session
is "$http" 200 'a session before the database ends'
is "$(sql "SELECT string_agg(DISTINCT usename, ' ') FROM pg_stat_activity
	WHERE application_name = 'ruastat' AND query LIKE '%dashboard_session%' AND pid <> pg_backend_pid()")" \
	ruastat_dashboard 'the dashboard asks as the user ruastat_dashboard'
as_dashboard()
{
	sql 'SET ROLE ruastat_dashboard' "$1"
}
is "$(as_dashboard 'SELECT count(*) FROM ruastat.reports')" 0 'which can read the views'
for what in 'SELECT count(*) FROM ruastat_data.kept' 'SELECT count(*) FROM ruastat_data.intake' \
	'DELETE FROM ruastat_data.report' 'UPDATE ruastat_data.domain_day SET messages = 0' \
	'INSERT INTO ruastat_data.domain DEFAULT VALUES' 'CREATE TABLE ruastat_data.x (x int)' \
	'CREATE TABLE ruastat.x (x int)' 'CREATE TABLE public.x (x int)' 'DROP VIEW ruastat.reports' \
	'TRUNCATE ruastat_data.dashboard_user' "SELECT pg_read_file('PG_VERSION')" \
	"COPY (SELECT 1) TO PROGRAM 'true'" 'SELECT count(*) FROM pg_authid'; do
	as_dashboard "$what" | grep -qE 'permission denied|must be|not allowed'
	result $? "and cannot $what"
done
is "$(sql "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = 'ruastat_dashboard'")" \
	'f|f|f|f|f' 'nor anything else'
is "$(sql "SELECT count(*) > 0 FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE usename = 'ruastat_dashboard') t")" t 'its backends are ended'
api session
is "$http" 200 'and the next request is answered'

# Until a session is told again, in seconds; what was answered meanwhile in $work/meanwhile.
comes_back()
{
	local begin

	begin=$(milliseconds)
	: >"$work/meanwhile"
	while [ $(($(milliseconds) - begin)) -lt 30000 ]; do
		api session --max-time 10
		[ "$http" != 200 ] || break
		echo "$http $(answer .error.code) $(header Retry-After)" >>"$work/meanwhile"
		sleep 0.2
	done
	diag "again after $(($(milliseconds) - begin)) ms: $(sort "$work/meanwhile" | uniq -c | xargs)"
	[ "$http" = 200 ]
}

old=$(head -n 1 "$state/data/postmaster.pid")
kill -KILL "$old"
comes_back
result $? 'after PostgreSQL was killed answers come again'
is "$(grep -vc '^503 database_away [0-9]' "$work/meanwhile")" 0 'and meanwhile it was said when to try again'
new=$(head -n 1 "$state/data/postmaster.pid")
[ "$new" != "$old" ] && kill -0 "$new"
result $? 'it was started again'
fetch "$base/healthz"
is "$http" 200 'and the server is the same'
kill -0 "$web"
result $? 'process'
verifies

# -- proxies ----------------------------------------------------------------------------------------

stop_web TERM
is $? 0 'SIGTERM ends serve well'
put "$work/conf" <<<'trusted_proxies = {"127.0.0.1"}'
conf=(--config "$work/conf")
start_serve
result $? 'serve behind a proxy'

# Try a wrong password ${1} times with these options; the last status.
guess()
{
	local i

	for ((i = 0; i < $1; i++)); do
		log_in ann@example.org wrong "${@:2}"
	done
	echo "$http"
}

client=()
is "$(guess 6 -H 'X-Forwarded-For: 203.0.113.1')" 429 'guesses through the proxy are counted'
is "$(guess 1 -H 'X-Forwarded-For: 203.0.113.2')" 401 'for each address that it tells of'
is "$(guess 1 -H 'X-Forwarded-For: 203.0.113.3, 203.0.113.1')" 429 'the last one, which is its own word'
is "$(guess 1 -H 'X-Forwarded-For: 203.0.113.1, 203.0.113.3')" 401 'not what the client says'
is "$(guess 1 -H 'X-Forwarded-For: 203.0.113.3' -H 'X-Forwarded-For: 203.0.113.1')" 429 \
	'in a line of its own, too'
is "$(guess 1 -H 'X-Forwarded-For: nonsense')" 401 'nonsense is the proxy itself'
from 2
for ((i = 0; i < 6; i++)); do
	guess 1 -H "X-Forwarded-For: 203.0.113.1$i" >"$work/last"
done
is "$(cat "$work/last")" 429 'of others it is not believed'
log_in dora "$good" -H 'X-Forwarded-Proto: https'
[[ $http == 200 && $(header Set-Cookie) != *Secure* ]]
result $? 'nor that it was HTTPS'
client=()
log_in dora "$good" -H 'X-Forwarded-Proto: https'
[[ $http == 200 && "$(header Set-Cookie);" == *'; Secure;'* ]]
result $? 'HTTPS at the proxy makes the cookie Secure'
[ -z "$(header Strict-Transport-Security)" ]
result $? 'that it is to be kept to is the proxy'"'"'s to say'
log_in dora "$good" -H 'X-Forwarded-Proto: http'
[[ $http == 200 && $(header Set-Cookie) != *Secure* ]]
result $? 'HTTP there does not'
stop_web TERM
if start_serve --listen '*:0'; then
	result 0 'serve on all addresses'
	grep -q 'passwords cross the network readable' "$work/web.err"
	result $? 'warns of readable passwords'
	! grep -qF -e '0.0.0.0' -e '[::]' "$work/web.out"
	result $? 'and names none that is no address'
	from 41
	is "$(guess 6)" 429 'guesses of one address'
	from 42
	is "$(guess 1)" 401 'are not those of another'
	client=()
	is "$(guess 6 -H 'X-Forwarded-For: 203.0.113.1') $(guess 1 -H 'X-Forwarded-For: 203.0.113.2')" '429 401' \
		'the proxy is known there, too'
	is "$(guess 1 -H 'X-Forwarded-For: ::ffff:203.0.113.1')" 429 'one address is one, however it is written'
	fetch --noproxy '*' "http://[::1]:$port/healthz"
	if [ -e /proc/net/if_inet6 ] && grep -q ' lo$' /proc/net/if_inet6; then
		is "$http" 200 'IPv6 reaches it'
	fi
	stop_web TERM
else
	result 1 'serve on all addresses'
fi
conf=(--no-config)

# -- TLS --------------------------------------------------------------------------------------------

for name in one two; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
		-addext 'subjectAltName=IP:127.0.0.1,DNS:localhost' -keyout "$work/key.$name" \
		-out "$work/cert.$name" 2>"$work/null"
	[ "$(id -u)" != 0 ] || chown "$user" "$work/key.$name" "$work/cert.$name"
done
start_serve --tls-certificate "$work/cert.one" --tls-key "$work/key.one"
result $? 'serve with TLS'
[[ $base == https://127.0.0.1:* ]]
result $? 'says https'
client=(--cacert "$work/cert.one")
log_in dora "$good"
answered 200 '' 'login by TLS'
[[ "$(header Set-Cookie);" == *'; Secure;'* ]]
result $? 'its cookie is Secure'
[ -n "$(header Strict-Transport-Security)" ]
result $? 'HTTPS is to be kept to'
api session
is "$http" 200 'the session goes on'
fetch --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 "$base/healthz"
is "$http" 000 'nothing older than TLS 1.2'
client=(--cacert "$work/cert.two")
fetch "$base/healthz"
is "$http" 000 'another certificate is another'
client=()
fetch "http://${base#https://}/healthz"
[ "$http" != 200 ]
result $? 'no HTTP there'
fetch -k "$base/healthz"
is "$http" 200 'which does not disturb it'

# -- starts that must fail --------------------------------------------------------------------------

fails()
{
	local story=$1 what=$2

	shift 2
	ruastat serve "$@"
	is "$status" 1 "$what"
	grep -qF -- "$story" "$work/err" && [ ! -s "$work/out" ]
	result $? "is told with \"$story\""
}

fails "port $port" 'a port that is taken' --listen "127.0.0.1:$port"
fails key 'a certificate with another key' --listen 127.0.0.1:0 --tls-certificate "$work/cert.one" \
	--tls-key "$work/key.two"
fails certificate 'a certificate that is none' --listen 127.0.0.1:0 --tls-certificate "$work/conf" \
	--tls-key "$work/key.one"
fails "$work/nothing" 'a key that is not there' --listen 127.0.0.1:0 \
	--tls-certificate "$work/cert.one" --tls-key "$work/nothing"
fails "$work/nothing" 'a certificate that is not there' --listen 127.0.0.1:0 \
	--tls-certificate "$work/nothing" --tls-key "$work/key.one"
fails both 'a certificate without a key' --listen 127.0.0.1:0 --tls-certificate "$work/cert.one"
fails '"nonsense"' 'an address that is none' --listen nonsense
fails 192.0.2.1 'an address of another machine' --listen 192.0.2.1:0
fails argument 'an argument' x
put "$work/conf" <<<'trusted_proxies = {"localhost"}'
timeout 60 "${as[@]}" "$work/ruastat" serve --config "$work/conf" --state-dir "$state" >"$work/out" 2>"$work/err"
is $? 1 'a proxy that is no address'
stop_web TERM

# -- what the pages show ----------------------------------------------------------------------------

conf=(--no-config)
client=()
start_serve
log_in ann@example.org "$good"

# All paths that read, with what they need.
for path in summary domains daily reports 'sources?domain=example.org' 'records?domain=example.org' \
	'selectors?domain=example.org'; do
	api "$path"
	got=$http
	case $path in
	domains | daily | reports) is "$got $(answer '[.total, .next, (.rows | length)] | tostring')" '200 [0,null,0]' "nothing: $path" ;;
	summary) is "$got $(answer '[.messages, .period.from, .domains] | tostring')" '200 [0,null,0]' 'nothing: summary' ;;
	*) [ "$got" = 404 ] || [ "$got $(answer .total)" = '200 0' ] && result 0 "nothing: $path" || is "$got" 404 "nothing: $path" ;;
	esac
done

# Midnight UTC, ${1} days ago.
day()
{
	echo $(($(date -u +%s) / 86400 * 86400 - 86400 * $1))
}

new_dir "$work/mail"
report acme.example a1 example.org "$(day 3)" $(($(day 2) - 1)) \
	'192.0.2.1 6 example.org none pass pass' '192.0.2.2 2 example.org reject fail fail' \
	'2001:db8::1 1 example.org none fail pass' >"$work/document.xml"
gzip -c "$work/document.xml" >"$work/document.xml.gz"
mail "$work/document.xml.gz" | put "$work/mail/a.eml"
report '=cmd|x' '=b1"&lt;b>' example.net "$(day 5)" $(($(day 4) - 1)) '192.0.2.3 1 example.net none pass fail' |
	put "$work/mail/b.xml"
for ((i = 0; i < 120; i++)); do
	report acme.example "many$i" example.com "$(day 2)" $(($(day 1) - 1)) "192.0.2.9 1 example.com" |
		put "$work/mail/many$i.xml"
done
ingest "$work/mail"
is "$(totals imported)" 122 'mails come in while it serves'
last=$(date -u -d "@$(day 2)" +%F)
first=$(date -u -d "@$(day 31)" +%F)

api summary
is "$http $(answer '[.messages, .domains, .reports, .reporters, .period.from, .period.to, .domain, .policy] | tostring')" \
	"200 [130,3,122,2,\"$first\",\"$last\",null,null]" 'summary'
is "$(answer '.both + .dkim_only + .spf_only + .neither + .unknown == .messages')" true 'whose classes add up'
api 'summary?domain=EXAMPLE.org'
is "$http $(answer '[.domain, .messages, .both, .spf_only, .neither, .dmarc_percent, .sources] | tostring')" \
	'200 ["example.org",9,6,1,2,77.8,3]' 'summary of a domain, in any case'
for path in summary daily sources records selectors; do
	api "$path?domain=none.example"
	case $path in
	summary) answered 404 not_found 'a domain that nobody told of' ;;
	*) [ "$http" = 404 ] || [ "$http" = 200 ] && result 0 "none: $path" || is "$http" 404 "none: $path" ;;
	esac
done
api domains
is "$(answer '[.total, (.rows | map(.domain))] | tostring')" '[3,["example.com","example.org","example.net"]]' \
	'domains, those with most mail first'
api 'domains?limit=2'
after=$(answer .next)
is "$(answer '[.total, (.rows | length), .next != null] | tostring')" '[3,2,true]' 'a page of them'
api domains -G --data-urlencode "after=$after" -d limit=2
is "$(answer '[.rows[].domain, .next] | tostring')" '["example.net",null]' 'and the next'
for after in x '{}' '[]' '[1]' 'null' '"x"' '[null,null]' '-1' "' OR 1=1 --" '["x","y","z","w"]'; do
	for path in domains reports 'sources?domain=example.org' 'records?domain=example.org'; do
		api "$path" -G --data-urlencode "after=$after"
		case "$http $(answer '.error | [.code, .parameter] | join(" ")')" in
		'400 bad_parameter after' | '200 '*) result 0 "after $after: $path" ;;
		*) is "$http $(answer .error)" '400 bad_parameter after' "after $after: $path" ;;
		esac
	done
done
api 'domains.csv?limit=1'
is "$http $(wc -l <"$work/out")" '200 4' 'a CSV has all rows, whatever the limit'
api reports.csv
is "$http $(wc -l <"$work/out")" '200 123' 'and more than a page'
grep -qF "'=cmd|x" "$work/out" && grep -qF "\"'=b1\"\"<b>\"" "$work/out"
result $? 'guarded against formulas'
api 'reports?limit=50'
pages=$(answer '.rows[].report_id')
next=$(answer .next)
for ((i = 0; i < 5; i++)); do
	[ "$next" != null ] || break
	api 'reports?limit=50' -G --data-urlencode "after=$next"
	pages="$pages $(answer '.rows[].report_id')"
	next=$(answer .next)
done
is "$(tr ' ' '\n' <<<"$pages" | sort -u | wc -l) $i $next" '122 2 null' 'page after page gives each once'
api 'reports?search=%25'
is "$http $(answer .total)" '200 0' 'a % is a % where something is searched for'
api 'reports?search=%3Db1%22'
is "$http $(answer .total)" '200 1' 'and a quote a quote'
api "daily?domain=example.org&from=$(date -u -d "@$(day 3)" +%F)&to=$(date -u -d "@$(day 3)" +%F)"
is "$(answer '[.total, .rows[0].messages, .rows[0].reports] | tostring')" '[1,9,1]' 'daily'
api 'daily?from=2020-01-01&to=2024-01-01'
diag "daily of four years: $http $(answer .error.message) rows $(answer '.rows | length')"
[ "$http" = 400 ] || [ "$(answer '.rows | length')" -le 1100 ]
result $? 'not more days than there may be'
api 'daily?from=2026-02-01&to=2026-01-01'
[ "$http" = 400 ] || [ "$http $(answer .total)" = '200 0' ]
result $? "a period that ends before it begins: $http"
api 'sources?domain=example.org&within=192.0.2.0/24&sort=source&order=asc'
is "$(answer '[.rows[].source] | tostring')" '["192.0.2.1","192.0.2.2"]' 'sources of a network'
api 'sources?domain=example.org&by=network&result=spf_only'
is "$(answer '[.rows[].network] | tostring')" '["2001:db8::/48"]' 'networks of a class'
api 'records?domain=example.org&result=neither'
is "$(answer '[.rows[] | .messages, .disposition, (.why != null)] | tostring')" '[2,"reject",true]' 'records'
api 'selectors?domain=example.org'
is "$(answer '[.rows[0] | .dkim_domain, .selector, .messages, .pass] | tostring')" '["example.org","s1",9,6]' 'selectors'
api 'reports?domain=example.org'
key=$(answer '.rows[0] | "domain=\(.domain)&day=\(.filed_on)&key=\(.report_key)"')
api "report?$key"
is "$http $(answer '[.report_id, .records, .messages, .original.kind, .quirks] | tostring')" \
	'200 ["a1",3,9,"gzip",[]]' 'a report'
api "report/records?$key"
is "$(answer '[.total, .rows[].source] | tostring')" '[3,"192.0.2.1","192.0.2.2","2001:db8::1"]' 'its records'
api "report/records.csv?$key"
is "$http $(wc -l <"$work/out")" '200 4' 'as CSV'
api "report/original?$key"
is "$http $(header Content-Type) $(header Content-Encoding)" '200 application/gzip ' 'its original'
header Content-Disposition | grep -q '^attachment; filename="[A-Za-z0-9._-]*\.gz"$'
result $? 'is a file to keep'
gzip -dc <"$work/out" >"$work/unpacked"
same "$work/unpacked" "$work/document.xml" 'is what came'
guarded 200 'an original'
key=$(sed 's/day=20[0-9]*/day=2001/' <<<"$key")
for path in report/records report/original report; do
	api "$path?$key"
	[ "$http" = 404 ] || [ "$http $(answer .total)" = '200 0' ]
	result $? "no such report: $path"
done
answered 404 not_found 'which is said'
is "$(cat "$work/web.err")" '' 'no complaint in the log'
stop_web TERM

# -- run, and the end of everything -----------------------------------------------------------------

use_state second
report acme.example a1 example.org 1700000000 1700086399 '192.0.2.1 6 example.org none pass pass' |
	put "$work/a.xml"
start_web run --listen 127.0.0.1:0 "$work/a.xml"
result $? 'run reads and serves'
first=$port
tail -n 1 "$work/web.out" | grep -q " ssh -L $port:127.0.0.1:$port "
result $? 'its last line is how to come from elsewhere'
grep -v '^$' "$work/web.out" | tail -n 2 | head -n 1 | grep -qx " *$base/login#$link"
result $? 'the line before it the link'
redeem "$link"
answered 200 '' 'which logs in'
api session
is "$http" 200 'and stays so'
[ -n "$(processes_of_state)" ]
result $? 'its database runs'
stop_web INT
is $? 0 'SIGINT ends run well'
is "$(processes_of_state)" '' 'and all that it started'
start_serve --listen "127.0.0.1:$first"
result $? 'serve of the same database'
stop_web INT
is $? 0 'SIGINT ends serve well'
is "$(processes_of_state)" '' 'and all that it started'
start_serve
stop_web HUP
is $? 0 'so does SIGHUP'
start_web run "$work/a.xml"
result $? 'run without --listen'
[ "$port" -ge 8080 ] && [ "$port" -lt 8180 ]
result $? 'takes a port from 8080 on'
first=$port first_web=$web
hold=$state
use_state third
start_web run "$work/a.xml"
result $? 'a second one'
[ "$port" -gt "$first" ] && [ "$port" -lt 8180 ]
result $? 'takes the next'
stop_web INT
web=$first_web
state=$hold
stop_web INT
is $? 0 'and both end'
is "$(processes_of_state)" '' 'with all they started'
diag "$(($(date +%s) - local_time)) seconds"
done_testing
