#!/bin/bash
# systemd.sh - a systemd of its own, on a copy of this machine that is thrown away.  Run by
#
#   unshare --mount --pid --fork --uts --ipc --net --cgroup --kill-child systemd.sh DIR
#
# as root, in a cgroup of its own.  What is below DIR/root is put over the copy, whose units are those
# of DIR/units and no others; the unit drill.service is started.  The copy sees DIR as /drill.
set -eu
dir=$1
at=$dir/machine
mount --make-rprivate /
mkdir -p "$at"
mount -t tmpfs -o mode=755 tmpfs "$at"
mkdir "$at/upper" "$at/work" "$at/new"
mount -t overlay overlay -o "lowerdir=/,upperdir=$at/upper,workdir=$at/work" "$at/new"
cd "$at/new"

mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for name in run tmp home var/lib; do
	mount -t tmpfs -o mode=755 tmpfs $name
done
chmod 1777 tmp
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/shm dev/pts dev/mqueue dev/hugepages
mount -t tmpfs tmpfs dev/shm
minor=('' '' '' null '' zero '' full random urandom)
for i in 3 5 7 8 9; do
	mknod -m 666 "dev/${minor[$i]}" c 1 $i
done
mknod -m 666 dev/tty c 5 0
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd

cp -a "$dir/root/." .
mkdir units drill old
cp "$dir/units/"* "$dir/root/usr/lib/systemd/system/"* units/
mount --bind "$dir" drill
pivot_root . old
umount -l old
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin SYSTEMD_UNIT_PATH=/units \
	/lib/systemd/systemd --system --log-target=null --show-status=no --default-standard-output=null \
	</dev/null >/dev/null 2>&1
