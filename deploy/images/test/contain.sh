#!/usr/bin/env bash
# Runs a command as an engine runs an image: with its own read-only root without a shell; writable /tmp and /data; its own process tree,
# in which it is process 1; an unprivileged user without a way to more privileges. Run it inside `unshare --mount --pid --fork`.
# Network and cgroups are those of the machine.
# usage: contain.sh ROOTFS TREE MODELS DATA USER COMMAND...
set -euo pipefail
rootfs=$1 tree=$2 models=$3 data=$4 user=$5
shift 5
mkdir -p "$rootfs/app" "$rootfs/data" "$rootfs/models"
mount --bind "$rootfs" "$rootfs"
mount --bind "$tree" "$rootfs/app"
mount --bind "$models" "$rootfs/models"
mount --bind "$data" "$rootfs/data"
mount -t tmpfs -o size=512m,mode=1777,nosuid,nodev tmpfs "$rootfs/tmp"
mount -t proc proc "$rootfs/proc"
for device in null zero urandom; do mount --bind "/dev/$device" "$rootfs/dev/$device"; done
for path in "" /app /models; do mount -o remount,bind,ro "$rootfs$path"; done
as=()
if [ -n "$user" ]; then as=("--userspec=$user:$user" "--groups="); fi
exec setpriv --no-new-privs chroot "${as[@]}" "$rootfs" "$@"
