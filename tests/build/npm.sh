#!/bin/bash
# npm.sh FROM OUT - fetch what FROM/package-lock.json names and print the directory below OUT that holds
# it (as node_modules).  Fetched once for each lock file; only a complete tree gets its name.
set -eu
from=$1
out=$2
have=$out/$(cat "$from/package.json" "$from/package-lock.json" | sha256sum | cut -c 1-16)

if [ ! -d "$have" ]; then
	if ! command -v npm >/dev/null; then
		echo 'npm is missing: "make deps" installs it' >&2
		exit 1
	fi
	echo "fetching what $from/package-lock.json names, by npm" >&2
	rm -rf "$out"
	mkdir -p "$out/new"
	cp "$from/package.json" "$from/package-lock.json" "$out/new/"
	(cd "$out/new" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
	mv "$out/new" "$have"
fi
echo "$have"
