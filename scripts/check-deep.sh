#!/usr/bin/env bash
# make check-deep: checks that take longer than `make check` allows. check-new-operation adds an operation to a copy of the tree and checks that
# the compiler and the tests name every place that needs it. build-kernels compiles the WebAssembly kernels and compares them with the
# committed modules. A check that cannot run is skipped, named loudly, and counted in the last line.
set -euo pipefail
cd "$(dirname "$0")/.."
check=check-deep
. scripts/skips.sh

node --conditions=development --disable-warning=ExperimentalWarning scripts/check-new-operation.ts
code=0
bash scripts/build-kernels.sh --check || code=$?
case $code in
  0) ;;
  3) skip "WebAssembly kernels against their sources: the compiler cannot be installed" ;;
  *) exit "$code" ;;
esac
tell_skips
