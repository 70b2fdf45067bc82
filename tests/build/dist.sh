#!/bin/bash
# dist.sh NAME WEB - build/NAME.tar.gz: the last commit and, in dashboard/web/lib, the third-party files
# of the pages (WEB/files has them), so that whoever builds from it needs no npm.
set -eu
cd "$(dirname "$0")/../.."
name=$1
web=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p build
git archive --prefix="$name/" HEAD | tar -x -C "$work"
cp -r "$web/files/lib" "$work/$name/dashboard/web/lib"
find "$work/$name/dashboard/web/lib" -name '*.gz' -delete
tar -c --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$(git log -1 --format=%ct)" \
	-C "$work" "$name" | gzip -9n >"build/$name.tar.gz"
echo "build/$name.tar.gz"
