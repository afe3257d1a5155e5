#!/usr/bin/env bash
# Runs a command the way an engine runs an image: a root of its own that is read-only, without a shell; /tmp and /data to write to; a
# process tree of its own, in which it is number 1; an unprivileged user who can gain nothing. Run inside
# `unshare --mount --pid --fork`. Network and cgroups stay the machine's.
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
