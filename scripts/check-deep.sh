#!/usr/bin/env bash
# make check-deep: checks that take longer than `make check` allows. check-new-operation adds an operation to a copy of the tree and checks that
# the compiler and the tests name every place that needs it. A check that cannot run is skipped, named loudly, and counted in the last line.
set -euo pipefail
cd "$(dirname "$0")/.."
skipped=()
skip() {
  skipped+=("$1")
  printf '\ncheck-deep: SKIPPED %s\n\n' "$1"
}

if [ -e scripts/check-new-operation.sh ]; then
  bash scripts/check-new-operation.sh
elif [ -e scripts/check-new-operation.ts ]; then
  node --conditions=development --disable-warning=ExperimentalWarning scripts/check-new-operation.ts
else
  skip "adding an operation: scripts/check-new-operation.* is missing"
fi
printf '\ncheck-deep: done in %d s, %d skipped\n' "$SECONDS" "${#skipped[@]}"
[ ${#skipped[@]} -eq 0 ] || printf 'check-deep: skipped %s\n' "${skipped[@]}"
