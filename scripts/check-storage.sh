#!/usr/bin/env bash
# make check-storage: the contract of the shared store against versitygw, a real S3 server, built from its Go module. Where it cannot be had,
# everything is skipped, loudly. PIXELMESH_VERSITYGW names another program.
set -euo pipefail
cd "$(dirname "$0")/.."
check=check-storage
. scripts/skips.sh
. scripts/go-tools.sh
versity_module=github.com/versity/versitygw/cmd/versitygw@v1.8.0

if [ -z "${PIXELMESH_VERSITYGW:-}" ] && bring "$versity_module"; then PIXELMESH_VERSITYGW=$PIXELMESH_TOOLS_DIR/versitygw; fi
if [ -x "${PIXELMESH_VERSITYGW:-}" ]; then
  export PIXELMESH_VERSITYGW
  vitest run --project mesh services/storage/test/s3-store.test.ts
else
  skip "everything: no S3 server here, and no Go (or no way to its modules) to build $versity_module"
fi
tell_skips
