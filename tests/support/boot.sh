#!/usr/bin/env bash
# Boots the systemd of a Debian folder as process 1 of namespaces of its own; needs root, and neither systemd nor a
# container runtime on the host. Ends with `kill` of the unshare process, which takes everything inside along:
#
#   unshare --mount --pid --fork --kill-child --uts --ipc --net --cgroup tests/support/boot.sh ROOT &
set -euo pipefail

root=$(realpath "${1:?usage: boot.sh ROOT}")

ip link set lo up
# Nothing that is mounted here is seen outside.
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 dev dev
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir -p dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
# Without this link PrivateDevices= ends in 226/NAMESPACE.
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
touch dev/console

# With chroot instead, units could not make mount namespaces of their own.
mkdir -p old
pivot_root . old
cd /
umount -l /old
# Units get their mounts from here: without this the folder of LoadCredential= stays empty.
mount --make-rshared /

exec env -i container=idstore-tests PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system \
  --log-target=console --log-level=info --show-status=1 --unit=multi-user.target
