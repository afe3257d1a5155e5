#!/usr/bin/env bash
# make check-storage: the contract of the shared store against versitygw, a real S3 server, which go installs into .tools/bin from its module registry.
# Where it cannot be had, everything is skipped, loudly. PIXELMESH_VERSITYGW names another program.
set -euo pipefail
cd "$(dirname "$0")/.."

version=v1.8.0
program=${PIXELMESH_VERSITYGW:-$PWD/.tools/bin/versitygw}
if [ ! -x "$program" ] && command -v go >/dev/null; then
  echo "check-storage: installing versitygw $version (about a minute)"
  GOBIN="$PWD/.tools/bin" GOFLAGS=-mod=mod timeout 900 go install "github.com/versity/versitygw/cmd/versitygw@$version" || true
fi
if [ ! -x "$program" ]; then
  printf '\ncheck-storage: SKIPPED everything: versitygw is not here and could not be installed (needs go and its module registry)\n\n'
  printf 'check-storage: done, 1 skipped\n'
  exit 0
fi
PIXELMESH_VERSITYGW=$program vitest run --project mesh services/storage/test/s3-store.test.ts
printf '\ncheck-storage: done in %d s, 0 skipped\n' "$SECONDS"
