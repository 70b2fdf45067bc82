#!/bin/bash
# web.sh OUT - what is embedded of the dashboard's pages: OUT/web.S and OUT/web.h.
#
# Own files are dashboard/web/*; the third-party ones of dashboard/web/vendor.txt come from
# dashboard/web/lib, where a release tarball has them, else by npm from the lock file into OUT/npm.
# All are gzipped.  Their common hash is part of their addresses, so that browsers may keep them.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/../.."
out=$1
web=dashboard/web

# Lay out what is served, as it is served.
gather()
{
	local name from

	rm -rf "$out/files"
	mkdir -p "$out/files"
	cp $web/*.html $web/*.css $web/*.js $web/*.svg "$out/files/"
	[ -d $web/lib ] || modules=$(tests/build/npm.sh $web "$out/npm")
	while read -r name from; do
		mkdir -p "$out/files/$(dirname "$name")"
		if [ -d $web/lib ]; then
			cp "$web/$name" "$out/files/$name"
		else
			cp "$modules/$from" "$out/files/$name"
		fi
	done < <(grep -v '^#' $web/vendor.txt)
}

mkdir -p "$out"
modules=''
gather
cd "$out/files"
mapfile -t files < <(find . -type f -printf '%P\n' | sort)
build=$(sha256sum "${files[@]}" | sha256sum | cut -c 1-16)
sed -i "s/@BUILD@/$build/g" index.html
gzip -9nk "${files[@]}"
cd - >/dev/null

cat >"$out/web.h.new" <<'END'
/* web.h - the files of the dashboard's pages, gzipped; written by tests/build/web.sh. */
#ifndef GEN_WEB_H
#define GEN_WEB_H
#include <stddef.h>

struct web_file {
	const char *name, *gzip;
	size_t n;
};
extern const struct web_file web_files[];
extern const size_t web_files_n;
extern const char web_build[]; /* hash of all of them */
#endif
END
cmp -s "$out/web.h.new" "$out/web.h" || mv "$out/web.h.new" "$out/web.h"
{
	echo '#if __SIZEOF_POINTER__ == 8'
	echo '#define WORD .quad'
	echo '#else'
	echo '#define WORD .long'
	echo '#endif'
	echo '#ifdef __CET__'
	echo '#include <cet.h>'
	echo '#endif'
	echo '.section .note.GNU-stack,"",%progbits'
	echo '.section .rodata'
	echo ".globl web_build; web_build: .asciz \"$build\""
	n=0
	for f in "${files[@]}"; do
		echo "name_$n: .asciz \"$f\""
		echo "file_$n: .incbin \"$out/files/$f.gz\""
		echo "end_$n:"
		n=$((n + 1))
	done
	echo '.section .data.rel.ro,"aw"'
	echo '.balign 8'
	echo '.globl web_files, web_files_n'
	echo "web_files_n: WORD $n"
	echo 'web_files:'
	for ((i = 0; i < n; i++)); do
		echo "WORD name_$i, file_$i, end_$i - file_$i"
	done
} >"$out/web.S.new"
mv "$out/web.S.new" "$out/web.S"
