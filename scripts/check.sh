#!/usr/bin/env bash
# make check: format, lint, types, import rules, words, kernels, contracts, generated code and pages, beside them unit tests. Stops at the first step
# that fails. Changes nothing in the tree.
set -euo pipefail
cd "$(dirname "$0")/.."
# The state of the last type check: without a change in most files the next one takes a fifth of the processor time.
cache=node_modules/.cache/pixelmesh-check
mkdir -p "$cache"
scratch=$(mktemp -d)
unit=
end() {
  if [ -n "$unit" ]; then kill -- "-$unit" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# step NAME COMMAND…: its output is printed only if it fails.
step() {
  local name=$1 start=$SECONDS
  shift
  if "$@" >"$scratch/$name.log" 2>&1; then
    printf 'check: %-14s ok (%d s)\n' "$name" $((SECONDS - start))
  else
    cat "$scratch/$name.log"
    printf 'check: %-14s FAILED\n' "$name"
    return 1
  fi
}

generated_is_current() {
  mkdir "$scratch/proto"
  cp -r proto/. "$scratch/proto"
  ln -s "$PWD/node_modules" "$scratch/node_modules"
  bash "$scratch/proto/generate.sh"
  if ! { diff -r proto/gen "$scratch/proto/gen" && diff proto/index.ts "$scratch/proto/index.ts"; }; then
    echo "Expected proto/gen to be what the contracts generate; run: make generate"
    return 1
  fi
}

# The tests fill one core, the other steps the other one. Properties run longer in `make test`, and much longer in `make test-deep`.
set -m
step unit env PIXELMESH_PROPERTY_RUNS="${PIXELMESH_PROPERTY_RUNS:-100}" vitest run --project 'unit*' &
unit=$!
set +m

step format+lint biome check .
step types tsc -p . --incremental --tsBuildInfoFile "$cache/types.tsbuildinfo"
step console-types tsc -p services/gateway/console --incremental --tsBuildInfoFile "$cache/console.tsbuildinfo"
step imports node scripts/check-imports.ts
step words node scripts/check-words.ts
step kernels node scripts/build-kernels.ts --records
step buf-lint bash -c 'cd proto && ../node_modules/.bin/buf lint && ../node_modules/.bin/buf format -d --exit-code'
step buf-breaking bash -c 'cd proto && ../node_modules/.bin/buf breaking --against released.binpb'
step generated generated_is_current
step reference node --conditions=development --disable-warning=ExperimentalWarning scripts/reference/generate.ts --check
wait "$unit"
unit=
tail -n 20 "$scratch/unit.log" | grep -E 'Test Files|  Tests ' || true
