#!/usr/bin/env bash
# make check-ops: alert rules and metrics pages by promtool, every panel and the alerts on a mesh, and whether the rules' own tests would notice a loosened threshold.
# promtool comes with the distribution's prometheus; where it cannot be had, what needs it is skipped, loudly.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v promtool >/dev/null; then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
  if command -v apt-get >/dev/null; then
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y --no-install-recommends prometheus >/dev/null 2>&1 ||
      { "${as_root[@]}" apt-get update >/dev/null 2>&1 && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y --no-install-recommends prometheus >/dev/null 2>&1; } || true
  elif command -v brew >/dev/null; then
    brew install prometheus >/dev/null 2>&1 || true
  fi
fi
if ! command -v promtool >/dev/null; then
  echo 'check-ops: SKIPPED everything: promtool is not here and could not be installed (package "prometheus")'
  exit 0
fi

promtool check rules deploy/prometheus/rules/*.yaml
promtool test rules deploy/prometheus/tests/*.test.yaml
node --conditions=development deploy/src/mutate.ts
vitest run --project ops
