#!/usr/bin/env bash
# Regenerates proto/gen and proto/index.ts from the contracts. Offline.
set -euo pipefail
cd "$(dirname "$0")"
rm -rf gen
../node_modules/.bin/buf generate --path pixelmesh
../node_modules/.bin/buf build -o gen/descriptors.binpb
node safe-maps.ts
node write-index.ts
