# imap.sh - a real Dovecot with mail in it, on free ports of loopback; and what stands between it and
# the client.  Sourced after lib.sh, never run.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables for those who source this, and of lib.sh

imap=$work/imap
imap_host=localhost
imap_password=correct-horse
imap_secret='a secret that signs tokens'
imap_pid=''
dovecot=$(tests/build/dovecot.sh build/dovecot) || {
	echo '1..0 # SKIP Dovecot cannot be fetched here'
	exit 0
}
# Where the user can reach it.
cp -r "$dovecot" "$work/dovecot" && dovecot=$work/dovecot
cp tests/integration/*.mjs "$work/"
chmod -R a+rX "$work/dovecot" "$work/"*.mjs
imap_env=(env "DOVECOT_ROOT=$dovecot" "LD_PRELOAD=$dovecot/relocate.so"
	"LD_LIBRARY_PATH=$dovecot/usr/lib/dovecot:$dovecot/usr/lib/dovecot/modules/old-stats:$(printf '%s:' "$dovecot"/usr/lib/*-linux-gnu* "$dovecot"/lib/*-linux-gnu*)")

# What a test left running ends with it: a session for each server, and all of it is killed.
imap_finish()
{
	local sid

	for sid in $(cat "$work"/*.session 2>/dev/null); do
		{
			pkill -KILL -s "$sid"
			wait "$sid"
		} 2>/dev/null
	done
	finish
}
trap imap_finish EXIT

# A free port, if nobody takes it in the meantime: who starts a server on it tries again.
free_port()
{
	local port

	while :; do
		port=$((20000 + SRANDOM % 12000))
		if ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo $port
			return
		fi
	done
}

# Whether IMAP is spoken there.
answers()
{
	local line

	{ exec {port_fd}<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
	read -r -t 5 line <&"$port_fd"
	exec {port_fd}>&-
	case $line in
	'* OK '*) ;;
	*) return 1 ;;
	esac
}

# Keys and certificates in $imap/tls: a CA (ca), the server's (server: localhost and 127.0.0.1), one
# for another name (other), one that is over (old), one of nobody (self), and a person's (ada).
imap_certificates()
{
	local d=$imap/tls name

	[ ! -d "$d" ] || return 0
	new_dir "$d"
	(
		cd "$d" || exit
		key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
		"${as[@]}" openssl req -x509 "${key[@]}" -keyout ca.key -out ca.pem -days 30 -subj '/CN=Test CA' \
			-addext basicConstraints=critical,CA:TRUE -addext keyUsage=keyCertSign,cRLSign
		"${as[@]}" openssl req -x509 "${key[@]}" -keyout self.key -out self.pem -days 30 \
			-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1
		for name in server other ada; do
			"${as[@]}" openssl req -new "${key[@]}" -keyout $name.key -out $name.csr -subj "/CN=$name"
		done
		echo 'subjectAltName=DNS:localhost,IP:127.0.0.1' | put server.ext
		echo 'subjectAltName=DNS:imap.other.example' | put other.ext
		printf '%s\n' 'extendedKeyUsage=clientAuth' 'keyUsage=digitalSignature' | put ada.ext
		for name in server other ada; do
			"${as[@]}" openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial \
				-days 30 -extfile $name.ext -out $name.pem
		done
		# Made in the past: over since yesterday.
		"${as[@]}" mkdir -p ca.d && : | put ca.d/index && echo 01 | put ca.d/serial
		printf '%s\n' '[ca]' 'default_ca=c' '[c]' 'database=ca.d/index' 'serial=ca.d/serial' \
			'new_certs_dir=ca.d' 'default_md=sha256' 'policy=p' '[p]' 'commonName=supplied' | put ca.conf
		"${as[@]}" openssl ca -batch -config ca.conf -cert ca.pem -keyfile ca.key -in server.csr \
			-extfile server.ext -startdate 20200101000000Z -enddate 20200201000000Z -notext -out old.pem
		"${as[@]}" cp server.key old.key
	) >"$imap/openssl.log" 2>&1
	[ -s "$d/old.pem" ]
}

# The SHA-256 of a certificate, in hex with colons.
fingerprint()
{
	openssl x509 -in "$imap/tls/$1.pem" -noout -fingerprint -sha256 | sed 's/.*=//'
}

base64url()
{
	base64 -w 0 | tr '+/' '-_' | tr -d =
}

# A token for the user ${1}: good for ${2} seconds (default an hour), signed with ${3} (default: rightly).
imap_token()
{
	local now head body

	now=$(date +%s)
	head=$(printf '{"alg":"HS256","typ":"JWT"}' | base64url)
	body=$(printf '{"sub":"%s","iat":%d,"nbf":%d,"exp":%d}' "$1" $((now - 60)) $((now - 60)) \
		$((now + ${2:-3600})) | base64url)
	printf '%s.%s.%s\n' "$head" "$body" "$(printf '%s.%s' "$head" "$body" |
		openssl dgst -sha256 -hmac "${3:-$imap_secret}" -binary | base64url)"
}

# The configuration; variables say what differs from the usual.
imap_write_conf()
{
	local group

	group=$(id -gn "$user")
	cat <<-END
	base_dir = $imap/run
	state_dir = $imap/run
	instance_name = ruastat-test
	log_path = $imap/log
	libexec_dir = $dovecot/usr/lib/dovecot
	mail_plugin_dir = $dovecot/usr/lib/dovecot/modules
	import_environment = DOVECOT_ROOT LD_PRELOAD LD_LIBRARY_PATH
	protocols = imap
	listen = 127.0.0.1
	ssl = yes
	ssl_cert = <$imap/tls/$imap_certificate.pem
	ssl_key = <$imap/tls/$imap_certificate.key
	ssl_ca = <$imap/tls/ca.pem
	ssl_require_crl = no
	ssl_verify_client_cert = yes
	ssl_cert_username_field = commonName
	auth_ssl_username_from_cert = yes
	ssl_min_protocol = TLSv1.2
	disable_plaintext_auth = $imap_private
	auth_mechanisms = $imap_mechanisms
	auth_failure_delay = 0
	auth_cache_size = 0
	default_internal_user = $user
	default_login_user = $user
	default_internal_group = $group
	default_process_limit = 300
	first_valid_uid = 1
	mail_location = maildir:$imap/mail/%u
	mail_home = $imap/home/%u
	mail_plugins = zlib
	mailbox_list_index = no
	mail_fsync = never
	rawlog_dir = $imap/raw
	passdb {
	  driver = oauth2
	  mechanisms = xoauth2 oauthbearer
	  args = $imap/oauth2.conf
	}
	passdb {
	  driver = static
	  mechanisms = plain login
	  args = password=$imap_password
	}
	passdb {
	  driver = static
	  mechanisms = external
	  args = nopassword=y
	}
	userdb {
	  driver = static
	  args = uid=$user gid=$group
	}
	namespace inbox {
	  inbox = yes
	  separator = $imap_separator
	  prefix = $imap_prefix
	}
	protocol imap {
	  mail_plugins = zlib$imap_zlib
	  imap_idle_notify_interval = 2 mins
	  mail_max_userip_connections = 200
	}
	service imap-login {
	  chroot =
	  inet_listener imap {
	    port = $imap_port
	  }
	  inet_listener imaps {
	    port = $imaps_port
	    ssl = yes
	  }
	}
	service anvil {
	  chroot =
	  unix_listener anvil-auth-penalty {
	    mode = 0
	  }
	}
	service stats {
	  chroot =
	}
	service imap {
	  chroot =
	}
	$imap_more
	END
}

# Start a Dovecot with the mail of $imap/mail: TLS on $imaps_port, STARTTLS on $imap_port, both of
# $imap_host; any user, with $imap_password.  NAME=VALUE arguments: separator=. prefix=INBOX.
# mechanisms='plain login' compress=no certificate=other private=no (plaintext logins in the clear).
imap_start()
{
	local setting

	imap_separator=/ imap_prefix='' imap_certificate=server imap_private=yes imap_more=''
	imap_mechanisms='plain login xoauth2 oauthbearer external' imap_zlib=' imap_zlib'
	for setting; do
		case $setting in
		compress=no) imap_zlib='' ;;
		*) declare -g "imap_$setting" ;;
		esac
	done
	new_dir "$imap/mail" && new_dir "$imap/keys/default/HS256" && new_dir "$imap/home" || return
	imap_certificates || return
	printf '%s' "$imap_secret" | base64 -w 0 | put "$imap/keys/default/HS256/default"
	printf '%s\n' 'introspection_mode = local' "local_validation_key_dict = fs:posix:prefix=$imap/keys/" \
		'username_attribute = sub' | put "$imap/oauth2.conf"
	for _ in 1 2 3; do
		imap_port=$(free_port)
		imaps_port=$(free_port)
		imap_write_conf | put "$imap/dovecot.conf"
		imap_again && return
		imap_kill
	done
	sed 's/^/# /' "$imap/log" "$imap/out"
	return 1
}

# The same again, with what it has: after imap_kill, or with what was changed in its configuration.
imap_again()
{
	local i

	: | put "$imap/out"
	[ ! -e "$imap/log" ] || "${as[@]}" mv "$imap/log" "$imap/log.before"
	: | put "$imap/log"
	"${as[@]}" setsid "${imap_env[@]}" "$dovecot/usr/bin/doveconf" -f service=master -c "$imap/dovecot.conf" \
		-m master -e "$dovecot/usr/sbin/dovecot" -F -c "$imap/dovecot.conf" \
		>>"$imap/out" 2>&1 </dev/null &
	imap_pid=$!
	echo $imap_pid >"$work/dovecot.session"
	for ((i = 0; i < 1000; i++)); do
		if answers "$imap_port"; then
			return 0
		fi
		if ! kill -0 $imap_pid 2>/dev/null || grep -q 'startup failed\|bind(.*failed' "$imap/log"; then
			return 1
		fi
		sleep 0.02
	done
	return 1
}

# SIGKILL for all its processes at once.
imap_kill()
{
	[ -n "$imap_pid" ] || return 0
	{
		pkill -KILL -s "$imap_pid"
		wait "$imap_pid"
	} 2>/dev/null
	rm -f "$work/dovecot.session"
	until_true imap_is_gone
	imap_pid=''
}

imap_is_gone()
{
	! pgrep -s "$imap_pid" >/dev/null
}

# In order: what is under way is finished.
imap_stop()
{
	{
		kill "$imap_pid"
		wait "$imap_pid"
	} 2>/dev/null
	imap_kill
	imap_pid=''
}

# The maildir behind a folder of a user, named as people do ("DMARC/Done").
imap_dir()
{
	"${as[@]}" node "$work/imap-client.mjs" dir "$imap/mail/$1" "$2"
}

# Deliver the named mails, or those of maildirs with their flags, in the order of their names, as
# Dovecot's own delivery would; imap_names=plain: without sizes in their names.
imap_deliver()
{
	"${as[@]}" node "$work/imap-client.mjs" deliver "${imap_names:-sized}" "$imap/mail/$1" "$2" "${@:3}"
}

# A line for each mail of a folder: UID, flags, SHA-256 of its bytes.  Changes nothing, \Recent included.
imap_state()
{
	imap_do "$1" state "$2"
}

# A verb of imap-client.mjs for the user ${1}: state FOLDER, folders, subscribed, run COMMAND...
imap_do()
{
	IMAP_PASSWORD=$imap_password timeout 60 "${as[@]}" node "$work/imap-client.mjs" "$2" \
		"$imaps_port" "$imap/tls/ca.pem" "$1" "${@:3}"
}

# The hashes of a folder's mails, sorted.
imap_hashes()
{
	imap_state "$1" "$2" | awk '{ print $NF }' | sort
}

# How many bodies, and bytes of them, all sessions that ended so far had fetched.
imap_bodies()
{
	sed -n 's/.* body_count=\([0-9]*\) body_bytes=\([0-9]*\).*/\1 \2/p' "$imap/log" |
		awk '{ n += $1; bytes += $2 } END { print n + 0, bytes + 0 }'
}

# From here on what clients say is recorded; imap_said prints it, without time stamps.
imap_listen()
{
	rm -rf "$imap/raw"
	new_dir "$imap/raw"
}

imap_said()
{
	cat "$imap"/raw/*.in 2>/dev/null | tr -d '\r' | sed 's/^[0-9.]* //'
}

# The SECTION ${1} of a configuration: a source of ada's mailbox by TLS, her password in a file, and
# what KEY=VALUE arguments say besides or instead (values as libconfuse wants them, KEY= takes it away).
imap_conf()
{
	local name=$1 setting
	local -A keys=([path]="\"imaps://ada@$imap_host:$imaps_port\"" [ca_file]="\"$imap/tls/ca.pem\""
		[password_file]="\"$work/password\"")

	shift
	[ -e "$work/password" ] || (umask 077 && printf '%s\n' "$imap_password" | put "$work/password")
	"${as[@]}" chmod 600 "$work/password"
	for setting; do
		keys[${setting%%=*}]=${setting#*=}
	done
	printf 'source %s {\n' "$name"
	for setting in "${!keys[@]}"; do
		[ -z "${keys[$setting]}" ] || printf '\t%s = %s\n' "$setting" "${keys[$setting]}"
	done | sort
	printf '}\n'
}

# ruastat VERB with the sources on stdin, results as ruastat()'s.
ruastat_with()
{
	local verb=$1

	shift
	{
		printf 'state_dir = "%s"\n' "$state"
		cat
	} | put "$work/conf"
	timeout $((${patience:-120} * ${SLOW:-1})) "${as[@]}" "$work/ruastat" "$verb" --config "$work/conf" "$@" \
		>"$work/out" 2>"$work/err" </dev/null
	status=$?
	return $status
}

# Ingest the one source that the arguments describe as for imap_conf.
read_source()
{
	imap_conf "$@" >"$work/sources"
	"${as[@]}" rm -f "$state/told" # what was said before is said again
	ruastat_with ingest --json <"$work/sources"
}

# A server or proxy of node in the background, with what it says in $work/${1}.out: its first line
# begins with its ports, which go into $node_port and $node_tls_port, its process into $node_pid.
node_start()
{
	local name=$1 i

	shift
	rm -f "$work/$name.out"
	: | put "$work/$name.out"
	"${as[@]}" setsid node "$work/$name.mjs" "$@" >"$work/$name.out" 2>&1 </dev/null &
	node_pid=$!
	echo $node_pid >"$work/$name-$node_pid.session"
	for ((i = 0; i < 1000; i++)); do
		node_port='' node_tls_port=''
		! read -r node_port node_tls_port _ <"$work/$name.out" || break
		kill -0 $node_pid 2>/dev/null || return 1
		sleep 0.02
	done
	[ "${node_port:-0}" -gt 0 ] 2>/dev/null
}

node_stop()
{
	{
		kill -KILL "$node_pid"
		wait "$node_pid"
	} 2>/dev/null
	rm -f "$work"/*-"$node_pid".session
}
