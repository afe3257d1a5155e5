#!/usr/bin/env bash
# make check-console: the console in a real Chromium, on a real mesh. Screenshots go to out/console. With --picture it makes docs/images/console.png
# instead. Chromium comes with the distribution; where it cannot be had, everything is skipped, loudly. PIXELMESH_CHROMIUM names another one.
set -euo pipefail
cd "$(dirname "$0")/.."

find_browser() {
  if [ -n "${PIXELMESH_CHROMIUM:-}" ]; then echo "$PIXELMESH_CHROMIUM" && return; fi
  for name in chromium chromium-browser google-chrome; do
    if command -v "$name"; then return; fi
  done
}

browser=$(find_browser)
if [ -z "$browser" ] && command -v apt-get >/dev/null; then
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
  install() { timeout 300 "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium >/dev/null 2>&1; }
  install || { timeout 120 "${as_root[@]}" apt-get update >/dev/null 2>&1 && install; } || true
  browser=$(find_browser)
fi
if [ -z "$browser" ]; then
  printf '\ncheck-console: SKIPPED everything: Chromium is not here and could not be installed (package "chromium")\n\n'
  printf 'check-console: done, 1 skipped\n'
  exit 0
fi
export PIXELMESH_CHROMIUM=$browser

if [ "${1:-}" = --picture ]; then
  exec node --conditions=development --disable-warning=ExperimentalWarning services/gateway/console/test/make-picture.ts
fi
tsc -p services/gateway/console
vitest run --project 'unit*' services/gateway/console
vitest run --project console
printf '\ncheck-console: done in %d s, 0 skipped; screenshots are in out/console\n' "$SECONDS"
