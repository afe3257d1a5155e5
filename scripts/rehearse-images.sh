#!/usr/bin/env bash
# make rehearse-images: builds the Dockerfile with buildah where no engine and no registry is to be had: all stages, the real .dockerignore,
# on stand-ins for the bases (Debian by debootstrap with the Node of this checkout; a root of node and its libraries alone). Then looks
# at the image and runs it. As root, on Debian; minutes. It shows that the Dockerfile does what it says, not that the true bases fit.
set -euo pipefail
cd "$(dirname "$0")/.."
role=${ROLE:-effects}
say() { printf 'rehearse-images: %s\n' "$*"; }
[ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || { say "SKIPPED: needs root and apt-get"; exit 0; }
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot DEBIAN_FRONTEND=noninteractive
command -v buildah >/dev/null && command -v debootstrap >/dev/null ||
  apt-get install -y -qq --no-install-recommends buildah debootstrap >/dev/null 2>&1 ||
  { say "SKIPPED: buildah and debootstrap could not be installed"; exit 0; }

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
commit() { # directory, name
  local container mount
  container=$(buildah from scratch)
  mount=$(buildah mount "$container")
  cp -a "$1/." "$mount/"
  buildah umount "$container" >/dev/null
  buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
  buildah commit -q "$container" "$2" >/dev/null
  buildah rm "$container" >/dev/null
}
if ! buildah inspect localhost/stand-in/node >/dev/null 2>&1; then
  say "a stand-in for the base of the build"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$scratch/node" http://deb.debian.org/debian >"$scratch/log" ||
    { tail -n 3 "$scratch/log"; say "SKIPPED: no Debian mirror"; exit 0; }
  cp -L "$(node -p process.execPath)" "$scratch/node/usr/local/bin/node"
  cp -r "$(dirname "$(readlink -f "$(command -v npm)")")/.." "$scratch/node/usr/local/lib/npm"
  ln -s ../lib/npm/bin/npm-cli.js "$scratch/node/usr/local/bin/npm"
  if [ -r /etc/ssl/certs/ca-certificates.crt ]; then cp /etc/ssl/certs/ca-certificates.crt "$scratch/node/etc/ssl/certs/"; fi
  commit "$scratch/node" localhost/stand-in/node
fi
say "a stand-in for the base of the image"
node deploy/images/test/write-rootfs.ts "$scratch/runtime" "$role"
commit "$scratch/runtime" localhost/stand-in/runtime

say "building $role"
buildah bud --layers --skip-unused-stages=false --format docker --file deploy/images/Dockerfile --ignorefile .dockerignore \
  --build-arg "ROLE=$role" --build-arg TARGETARCH=amd64 --build-arg REVISION=rehearsal --build-arg NODE_BASE=localhost/stand-in/node \
  --build-arg CPU_BASE=localhost/stand-in/runtime --build-arg CUDA_BASE=localhost/stand-in/runtime \
  --tag "localhost/pixelmesh/$role" . >"$scratch/log" 2>&1 || { tail -n 20 "$scratch/log"; exit 1; }
grep '^dist:' "$scratch/log" || true

container=$(buildah from "localhost/pixelmesh/$role")
buildah inspect --format '{{.Docker.Config.User}} {{.Docker.Config.Entrypoint}} {{.Docker.Config.StopSignal}}' "$container" |
  grep -qxF '65532:65532 [/nodejs/bin/node /app/dist/main.js] SIGTERM'
buildah run "$container" -- /nodejs/bin/node /app/dist/main.js --print-config >"$scratch/settings"
grep -q '"PIXELMESH_HOST","value":"0.0.0.0"' "$scratch/settings"
buildah run "$container" -- /nodejs/bin/node -e 'process.exit(process.getuid() === 65532 && require("fs").statSync("/data").uid === 65532 ? 0 : 1)'
if buildah run "$container" -- /bin/sh -c true >/dev/null 2>&1; then say "Expected no shell in the image"; exit 1; fi
buildah rm "$container" >/dev/null
say "the image of $role builds, runs as 65532, owns /data and has no shell"
