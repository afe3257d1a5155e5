#!/usr/bin/env bash
# make check: format, lint, types, import rules, words, kernels, contracts, generated code and pages, unit tests. Stops at the first step that fails.
set -euo pipefail
cd "$(dirname "$0")/.."

step() {
  local name=$1 start=$SECONDS
  shift
  if "$@" >"$log" 2>&1; then
    printf 'check: %-14s ok (%d s)\n' "$name" $((SECONDS - start))
  else
    cat "$log"
    printf 'check: %-14s FAILED\n' "$name"
    exit 1
  fi
}
log=$(mktemp)
trap 'rm -rf "$log" "${scratch:-}"' EXIT

generated_is_current() {
  scratch=$(mktemp -d)
  cp -r proto/gen proto/index.ts "$scratch/"
  bash proto/generate.sh
  # A difference is undone, so that a check never changes the tree.
  if ! { diff -r proto/gen "$scratch/gen" && diff proto/index.ts "$scratch/index.ts"; }; then
    rm -rf proto/gen && cp -r "$scratch/gen" "$scratch/index.ts" proto/
    echo "Expected proto/gen to be what the contracts generate; run: make generate"
    return 1
  fi
}

step format+lint biome check .
step types tsc -p .
step console-types tsc -p services/gateway/console
step imports node scripts/check-imports.ts
step words node scripts/check-words.ts
step kernels node scripts/build-kernels.ts --records
step buf-lint bash -c 'cd proto && ../node_modules/.bin/buf lint && ../node_modules/.bin/buf format -d --exit-code'
step buf-breaking bash -c 'cd proto && ../node_modules/.bin/buf breaking --against released.binpb'
step generated generated_is_current
step reference node --conditions=development --disable-warning=ExperimentalWarning scripts/reference/generate.ts --check
# Properties run longer in `make test`, and much longer in `make test-deep`.
step unit env PIXELMESH_PROPERTY_RUNS="${PIXELMESH_PROPERTY_RUNS:-100}" vitest run --project unit
tail -n 8 "$log" | grep -E 'Tests|Test Files' || true
