#!/bin/bash
# deps.sh - see what building, running and testing need, and install only what is missing.
#
#   deps.sh run        what "make run" needs; as root also the system user _ruastat
#   deps.sh check      the same and what "make check" needs
#   deps.sh user       only the system user _ruastat (root)
#   deps.sh list       print the packages of "check" and whether each is there
#
# Installing starts and enables no service, now or at the next boot, and a PostgreSQL that is
# already here stays as it is.  Without root and without sudo the line to run is printed.
set -u
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin
self=$(cd "$(dirname "$0")" && pwd)/deps.sh

say()
{
	printf '%s\n' "$*" >&2
}

# What is needed: when, how to see that it is there, the Debian package that brings it.
needs()
{
	cat <<-'EOF'
	run   has_compiler               build-essential
	run   has_command pkg-config     pkg-config
	run   has_module gmime-3.0       libgmime-3.0-dev
	run   has_module libarchive      libarchive-dev
	run   has_module libxml-2.0      libxml2-dev
	run   has_module zlib            zlib1g-dev
	run   has_module libpq           libpq-dev
	run   has_module libcrypto       libssl-dev
	run   has_module libssl          libssl-dev
	run   has_module libseccomp      libseccomp-dev
	run   has_module libconfuse      libconfuse-dev
	run   has_module smartcols       libsmartcols-dev
	run   has_module libmicrohttpd   libmicrohttpd-dev
	run   has_module jansson         libjansson-dev
	run   has_module libcurl         libcurl4-openssl-dev
	run   has_module libidn2         libidn2-dev
	run   has_module libpsl          libpsl-dev
	run   has_suffixes               publicsuffix
	run   has_pages                  npm
	run   has_postgresql             postgresql
	check has_module cmocka          libcmocka-dev
	check has_command clang          clang
	check has_fuzzer                 libclang-rt-dev
	check has_command clang-format   clang-format
	check has_command cppcheck       cppcheck
	check has_command shellcheck     shellcheck
	check has_command mandoc         mandoc
	check has_command jq             jq
	check has_command curl           curl
	check has_command openssl        openssl
	check has_command npm            npm
	check has_command node           nodejs
	check has_command pgrep          procps
	check has_command chromium       chromium
	check has_command systemd-analyze systemd
	EOF
}

has_command()
{
	command -v "$1" >/dev/null
}

# The compiler, its linker and the C library's headers.
has_compiler()
{
	has_command cc && echo '#include <stdio.h>' | cc -E -x c - >/dev/null 2>&1
}

# pkg-config may itself be what is missing: then its files are looked for where Debian has them.
has_module()
{
	if has_command pkg-config; then
		pkg-config --exists "$1"
	else
		compgen -G "/usr/lib/*/pkgconfig/$1.pc" >/dev/null ||
			compgen -G "/usr/*/pkgconfig/$1.pc" >/dev/null
	fi
}

# The runtime for libFuzzer comes in a package that clang only recommends.
has_fuzzer()
{
	compgen -G '/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a' >/dev/null
}

# The list of public suffixes; libpsl has one built in, which is as old as the library.
has_suffixes()
{
	[ -e /usr/share/publicsuffix/public_suffix_list.dafsa ]
}

# The third-party files of the pages: a release tarball has them, else npm fetches them.
has_pages()
{
	[ -d "${self%/tests/build/deps.sh}/dashboard/web/lib" ] || has_command npm
}

# Any PostgreSQL server at all: one that is here is never added to.
has_postgresql()
{
	compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

# Print the packages that are missing for ${1}.
missing()
{
	local when test argument package

	while read -r when test argument package; do
		if [ -z "$package" ]; then
			package=$argument
			argument=
		fi
		if [ "$when" = check ] && [ "$1" = run ]; then
			continue
		fi
		"$test" "$argument" || debian_name "$package"
	done < <(needs)
}

# Debian 12 has the server under its number; the plain name would bring the same and a wrapper.
debian_name()
{
	if [ "$1" = postgresql ] && grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then
		echo postgresql-15
	else
		echo "$1"
	fi
}

warn_old_postgresql()
{
	local dir best=0

	for dir in /usr/lib/postgresql/*/bin/initdb; do
		[ -e "$dir" ] || return 0
		dir=${dir#/usr/lib/postgresql/}
		dir=${dir%%/*}
		[ "${dir%%.*}" -gt "$best" ] && best=${dir%%.*}
	done
	if [ "$best" -lt 15 ]; then
		say "note: only PostgreSQL $best is installed here and ruastat needs 15 or newer;" \
			"install one beside it, or use database = in ruastat.conf"
	fi
}

# What would start at boot: links of units, of rc directories, and clusters of PostgreSQL.
enabled()
{
	find /etc/systemd/system /etc/systemd/user -type l 2>/dev/null
	find /etc/rc[2345S].d -name 'S*' 2>/dev/null
	find /etc/postgresql -name start.conf 2>/dev/null
}

# Take back what the packages just installed have enabled.  What an earlier run noted may be
# old: then only what is PostgreSQL's counts as new.
disable_new()
{
	local path name

	while read -r path; do
		name=${path##*/}
		case $path in
		*/start.conf)
			say "disabling the cluster that ${path%/start.conf} describes: it is new"
			echo disabled >"$path"
			;;
		/etc/rc*)
			update-rc.d "${name#S[0-9][0-9]}" disable >/dev/null 2>&1
			;;
		*)
			deb-systemd-helper disable "$name" >/dev/null 2>&1
			rm -f "$path"
			;;
		esac
	done < <(comm -13 "$before" <(enabled | sort) | grep -e "$ours")
}

policy=/usr/sbin/policy-rc.d
kept=$policy.before-ruastat
cluster=/etc/postgresql-common/createcluster.d/ruastat-deps.conf
before=/run/ruastat-deps.before
ours=postgresql

# 101 means "not allowed" to invoke-rc.d.
guard()
{
	unguard
	if [ -e "$policy" ] || [ -L "$policy" ]; then
		mv "$policy" "$kept"
	fi
	printf '#!/bin/sh\n# ruastat: no service starts while packages are installed\nexit 101\n' \
		>"$policy"
	chmod 755 "$policy"
	case " $* " in
	*" postgresql"*)
		mkdir -p "${cluster%/*}"
		echo 'create_main_cluster = false' >"$cluster"
		;;
	esac
}

unguard()
{
	if grep -qs '^# ruastat: ' "$policy"; then
		rm -f "$policy"
	fi
	if [ -e "$kept" ] || [ -L "$kept" ]; then
		mv "$kept" "$policy"
	fi
	rm -f "$cluster"
}

finish()
{
	[ ! -e "$before" ] || disable_new
	unguard
	rm -f "$before"
}

apt_line()
{
	echo "apt-get update; apt-get install -y --no-install-recommends $*"
}

# What an interrupted installation left half done is done while the guard stands.
configure_rest()
{
	dpkg --configure -a </dev/null >&2 9>&-
}

# An earlier run that was killed by force may have left its guard.
heal()
{
	if [ "$(id -u)" -ne 0 ] || ! grep -qs '^# ruastat: ' "$policy"; then
		return
	fi
	(
		flock -n 9 || exit
		configure_rest
		finish
	) 9>/run/ruastat-deps.lock
}

# As root: apt-get, with the guard around it.
install_packages()
{
	local rc

	exec 9>/run/ruastat-deps.lock
	flock 9
	export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 UCF_FORCE_CONFFOLD=1
	trap finish EXIT
	trap 'configure_rest; exit 130' INT
	trap 'configure_rest; exit 143' TERM HUP
	ours=.
	enabled | sort >"$before"
	guard "$@"
	apt-get -q update </dev/null >&2 9>&-
	apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" \
		</dev/null >&2 9>&-
	rc=$?
	finish
	return $rc
}

# Find a way to be root for the installation, or say what root has to run.
install_somehow()
{
	if [ "$(id -u)" -eq 0 ]; then
		say "installing what is missing: $(apt_line "$@")"
		install_packages "$@"
		return
	fi
	if has_command sudo; then
		if sudo -n true 2>/dev/null; then
			say "installing what is missing: sudo $(apt_line "$@")"
			sudo -n bash "$self" install "$@"
			return
		fi
		if [ -t 0 ] && [ -t 2 ]; then
			say "installing what is missing, with sudo: $(apt_line "$@")"
			sudo bash "$self" install "$@" && return
		fi
	fi
	say "Packages are missing, and they can be installed by root only.  Run as root"
	say "    $self install $*"
	say "which starts and enables no service, or by hand, and Debian starts a server of its own,"
	say "    $(apt_line "$@")"
	return 1
}

# The user that ruastat becomes when root starts it.
make_user()
{
	if [ "$(id -u)" -ne 0 ] || getent passwd _ruastat >/dev/null; then
		return 0
	fi
	say "making the system user _ruastat"
	useradd --system --user-group --home-dir /var/lib/ruastat --shell /usr/sbin/nologin \
		--comment 'DMARC report store' _ruastat
}

main()
{
	local packages

	case ${1:-} in
	run | check)
		heal
		mapfile -t packages < <(missing "$1")
		if [ ${#packages[@]} -gt 0 ]; then
			if ! has_command apt-get; then
				say "missing, under their Debian names: ${packages[*]}"
				exit 1
			fi
			install_somehow "${packages[@]}" || exit 1
			mapfile -t packages < <(missing "$1")
			if [ ${#packages[@]} -gt 0 ]; then
				say "still missing after the installation: ${packages[*]}"
				exit 1
			fi
		fi
		warn_old_postgresql
		make_user
		;;
	install)
		shift
		heal
		install_packages "$@"
		;;
	user)
		make_user
		;;
	list)
		echo "needed: $(needs | awk '{ print $NF }' | xargs)"
		echo "missing: $(missing check | xargs)"
		;;
	*)
		sed -n '2,/^set/s/^# \{0,1\}//p' "$self" >&2
		exit 1
		;;
	esac
}

main "$@"
