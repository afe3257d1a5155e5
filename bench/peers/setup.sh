#!/usr/bin/env bash
# setup.sh [NAME…]: installs the peer tools of `make bench-peers` and of `make bench CASE=effect-peers` into .tools/peers, with pinned versions: all, or
# those named (rembg, thumbor, celery, opencv, node, redis, govips). Prints loudly what it cannot install, and goes on: the bench skips those peers. A
# second run only compares stamps. Nothing is installed outside .tools/peers, and no service is started.
set -uo pipefail
cd "$(dirname "$0")/../.."
here=$PWD/bench/peers
peers=$PWD/.tools/peers
log=$peers/setup.log
limit=${PEERS_SETUP_LIMIT:-900}
mkdir -p "$peers"
missing=()
wanted=$*
say() { printf 'peers: %s\n' "$*"; }

# install NAME INPUTS FUNCTION ARGUMENT…: runs a function within the limit, unless it succeeded before with the same text and input files.
install() {
  local name=$1 inputs=$2 stamp=$peers/$1.stamp now
  shift 2
  case " $wanted " in "  " | *" $name "*) ;; *) return 0 ;; esac
  now=$({ declare -f "$1" unpack; cat $inputs; } 2>/dev/null | cksum)
  [ "$(cat "$stamp" 2>/dev/null)" = "$now" ] && return 0
  say "installing $name into .tools/peers/$name"
  rm -rf "${peers:?}/$name" "$stamp"
  timeout --kill-after=5 "$limit" bash -c "set -euo pipefail; $(declare -f "$1"); $*" >"$log" 2>&1 </dev/null
  local code=$?
  if [ "$code" -eq 0 ]; then
    echo "$now" >"$stamp"
    return 0
  fi
  if [ "$code" -eq 124 ] || [ "$code" -eq 137 ]; then echo "not done after $limit s" >>"$log"; fi
  missing+=("$name: $(grep -v '^[[:space:]]*$' "$log" | tail -n 1 | cut -c 1-200)")
  cp "$log" "$peers/$name.failed.log"
  say "!!! CANNOT INSTALL $name. The log is .tools/peers/$name.failed.log"
  return 1
}

# python_peer NAME REQUIREMENTS
python_peer() {
  python3 -m venv "$peers/$1"
  "$peers/$1/bin/pip" install --quiet --disable-pip-version-check --no-input --prefer-binary --timeout 20 --retries 2 -r "$2"
}

node_peer() {
  mkdir -p "$peers/node"
  cp "$here/scripts/node/package.json" "$here/scripts/node/package-lock.json" "$peers/node/"
  npm ci --prefix "$peers/node" --no-audit --no-fund --loglevel=error
}

# unpack DIR PACKAGE: unpacks a Debian package, and those of its dependencies that are not installed, into DIR.
unpack() {
  command -v apt-get >/dev/null || { echo "apt-get is not here"; return 1; }
  mkdir -p "$1/debs"
  cd "$1/debs"
  apt-get -s install --no-install-recommends "$2" | awk '/^Inst /{print $2}' >../packages
  [ -s ../packages ] || echo "$2" >../packages
  xargs apt-get download <../packages
  for deb in *.deb; do dpkg -x "$deb" "$1"; done
  cd "$1"
  rm -rf debs
}

redis_peer() {
  unpack "$peers/redis" redis-server
  LD_LIBRARY_PATH=$peers/redis/usr/lib/$(uname -m)-linux-gnu "$peers/redis/usr/bin/redis-server" --version
}

govips_peer() {
  command -v go >/dev/null || { echo "go is not here"; return 1; }
  local root=$peers/govips/root libs
  libs=$root/usr/lib/$(uname -m)-linux-gnu
  unpack "$root" libvips-dev
  cp "$here"/scripts/govips/{main.go,go.mod,go.sum} "$peers/govips/"
  cd "$peers/govips"
  # Headers and libraries come from the unpacked packages. The linker finds the libraries of libraries there too.
  PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$libs/pkgconfig:$root/usr/share/pkgconfig \
    CGO_CFLAGS_ALLOW='.*' CGO_LDFLAGS_ALLOW='.*' CGO_LDFLAGS="-L$libs -Wl,-rpath-link,$libs:$libs/blas:$libs/lapack -Wl,--allow-shlib-undefined" \
    go build -o server .
}
export peers here
export -f unpack

if command -v python3 >/dev/null; then
  for name in rembg thumbor celery opencv; do
    requirements=$here/scripts/$name/requirements.txt
    install "$name" "$requirements" python_peer "$name" "$requirements"
  done
else
  missing+=("rembg, thumbor, Pillow, Celery, OpenCV: python3 is not here")
fi
install node "$here/scripts/node/package.json $here/scripts/node/package-lock.json" node_peer
install redis /dev/null redis_peer
install govips "$here/scripts/govips/main.go $here/scripts/govips/go.mod" govips_peer

if [ ${#missing[@]} -gt 0 ]; then
  say "!!! NOT INSTALLED, so not measured:"
  printf 'peers: !!!   %s\n' "${missing[@]}"
else
  say "installed: ${wanted:-all peers}"
fi
exit 0
