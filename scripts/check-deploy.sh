#!/usr/bin/env bash
# make check-deploy: what would run in a cluster, without one. The steps of the images are replayed (check-images.sh), the chart is
# linted, rendered with every profile, judged, and its pods are run as processes. Helm comes from its Go module, where Go is;
# what needs a tool that cannot be had is skipped, loudly, and counted in the last line.
set -euo pipefail
cd "$(dirname "$0")/.."
check=check-deploy
. scripts/skips.sh
. scripts/go-tools.sh

bash scripts/check-images.sh
mapfile -t skipped <out/check-images.skipped
# The chart's pods then run what is in the images.
export PIXELMESH_IMAGE_TREES=true

if ! bring "$helm_module" && ! command -v helm >/dev/null; then
  skip "everything about the chart: no helm here, and no Go (or no way to its modules) to build $helm_module"
  if compgen -G "deploy/images/test/*.test.ts" >/dev/null; then vitest run --project deploy deploy/images; fi
else
  bring "$nats_module" || skip "the rendered broker settings on a nats-server of the chart's release: no Go to build $nats_module"
  # The package as users install it; it leaves the NATS chart in out/helm/charts, where it can be had.
  NATS_CHART="${NATS_CHART:-$(compgen -G 'out/helm/charts/nats*' | head -n 1 || true)}" bash scripts/chart.sh
  [ -d out/helm/charts ] || skip "the NATS chart itself: https://nats-io.github.io/k8s cannot be reached; a stand-in without objects takes its place"
  command -v promtool >/dev/null || skip "rendered rules by promtool: not here (make check-ops installs it where it can)"
  vitest run --project deploy
fi
tell_skips
