#!/bin/bash
# dovecot.sh OUT - have Debian's Dovecot below OUT and print the directory that holds it, for the tests
# of reading by IMAP.  Nothing is installed: the packages are unpacked, by anybody, so that no service
# of the machine can start or change, and an IMAP server that is here is of no concern.  Fetched once.
#
# What Dovecot cannot be told to look for elsewhere is found by relocate.so, which is built here.
set -eu
export LC_ALL=C
from=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
have=$out/$(sha256sum "$0" "$from/relocate.c" | cut -d ' ' -f 1 | sha256sum | cut -c 1-16)
apt=()

exec 9>"$out.lock"
flock 9
if [ -d "$have" ]; then
	echo "$have"
	exit
fi
if ! command -v apt-get >/dev/null; then
	echo 'Dovecot is fetched by apt-get, which is missing here' >&2
	exit 1
fi

# The lists of packages may be missing or old (then what they name is no longer there): a copy of our
# own is made, for which nobody needs to be root.
own_lists()
{
	mkdir -p "$out/apt/lists/partial" "$out/apt/cache/archives/partial"
	apt=(-o "Dir::State::Lists=$out/apt/lists" -o "Dir::Cache=$out/apt/cache")
	[ "$(id -u)" != 0 ] || apt+=(-o APT::Sandbox::User=root)
	apt-get -q "${apt[@]}" update >&2
}

download()
{
	(cd "$out/new/deb" && apt-get -qq -o APT::Sandbox::User=root "${apt[@]}" download "$@") >&2
}

# Libraries that they need and that are not here.
libraries()
{
	local name

	for name in $(apt-cache "${apt[@]}" depends dovecot-core dovecot-imapd |
		sed -n 's/^ *Depends: \(lib[^ ]*[0-9][^ ]*\)$/\1/p' | sort -u); do
		dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q ' installed' || echo "$name"
	done
}

rm -rf "${out:?}"/*
mkdir -p "$out/new/deb"
echo 'fetching Dovecot, by apt-get' >&2
download dovecot-core dovecot-imapd 2>/dev/null || { own_lists && download dovecot-core dovecot-imapd; }
mapfile -t missing < <(libraries)
[ ${#missing[@]} -eq 0 ] || download "${missing[@]}"
for deb in "$out"/new/deb/*.deb; do
	dpkg -x "$deb" "$out/new"
done
cc -O2 -Wall -Wextra -D_GNU_SOURCE -shared -fPIC -o "$out/new/relocate.so" "$from/relocate.c"
rm -rf "$out/new/deb" "$out/new/etc" "$out/new/usr/share" "$out/apt"
chmod -R a+rX "$out/new"
mv "$out/new" "$have"
echo "$have"
