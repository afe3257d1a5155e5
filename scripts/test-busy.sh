#!/usr/bin/env bash
# test-busy.sh TIMES: runs all tests TIMES times in a row beside four busy loops. Stops at the first run that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
times=$1
loops=()
trap 'kill "${loops[@]}" 2>/dev/null || true' EXIT
for _ in 1 2 3 4; do
  # The loop ends by itself when this script is gone.
  (while kill -0 $$ 2>/dev/null; do for ((i = 0; i < 100000; i++)); do :; done; done) &
  loops+=($!)
done
for ((run = 1; run <= times; run++)); do
  start=$SECONDS
  vitest run --project 'unit*' --project mesh || { echo "test-busy: run $run of $times FAILED"; exit 1; }
  echo "test-busy: run $run of $times passed ($((SECONDS - start)) s)"
done
