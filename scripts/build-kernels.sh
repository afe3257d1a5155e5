#!/usr/bin/env bash
# build-kernels.sh [--check]: installs the AssemblyScript compiler into .tools/kernels (100 MB, from the npm registry) and runs build-kernels.ts.
# Exits with 3 if the compiler cannot be installed.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(cat scripts/assemblyscript-version)
place=$PWD/.tools/kernels
compiler=$place/node_modules/assemblyscript/bin/asc.js
installed() { node -p "require('$place/node_modules/assemblyscript/package.json').version" 2>/dev/null || true; }
if [ "$(installed)" != "$version" ]; then
  mkdir -p "$place"
  echo '{"private":true}' >"$place/package.json"
  echo "kernels: installing assemblyscript $version into .tools/kernels"
  timeout 300 npm install --prefix "$place" --ignore-scripts --no-audit --no-fund --save-exact "assemblyscript@$version" >"$place/install.log" 2>&1 || {
    tail -n 5 "$place/install.log" >&2
    echo "kernels: CANNOT INSTALL assemblyscript $version; the log is $place/install.log" >&2
    exit 3
  }
fi
COMPILER=$compiler exec node scripts/build-kernels.ts "$@"
