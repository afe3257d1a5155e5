#!/usr/bin/env bash
# make check-deploy: what would run in a cluster, without one. The steps of the images are replayed (check-images.sh), the chart is
# linted, rendered with every profile, judged, and its pods are run as processes. Helm comes from its Go module, where Go is;
# what needs a tool that cannot be had is skipped, loudly, and counted in the last line.
set -euo pipefail
cd "$(dirname "$0")/.."
# The nats-server is that of the NATS chart in helm/pixelmesh/Chart.yaml: 2.9 of some distributions knows no sync_interval.
helm_module=helm.sh/helm/v3/cmd/helm@v3.22.0
nats_module=github.com/nats-io/nats-server/v2@v2.14.2
export PIXELMESH_TOOLS_DIR="$PWD/.tools/bin"
mkdir -p "$PIXELMESH_TOOLS_DIR" out/helm
check=check-deploy
. scripts/skips.sh

go=$(command -v go || { [ -x /usr/local/go/bin/go ] && echo /usr/local/go/bin/go; } || true)
# Builds a tool once for each version of it.
bring() {
  local module=$1 tool=${1%@*}
  tool=$(sed -E 's|/v[0-9]+$||; s|.*/||' <<<"$tool")
  local stamp="$PIXELMESH_TOOLS_DIR/.$tool-${module##*@}"
  [ -x "$PIXELMESH_TOOLS_DIR/$tool" ] && [ -e "$stamp" ] && return 0
  [ -n "$go" ] || return 1
  echo "check-deploy: building $module"
  GOPATH="${GOPATH:-${HOME:-$PWD/.tools}/go}" GOBIN="$PIXELMESH_TOOLS_DIR" GOFLAGS="-buildvcs=false -modcacherw" CGO_ENABLED=0 \
    timeout 900 "$go" install -trimpath -ldflags "-s -w" "$module" >out/helm/build.log 2>&1 || { tail -n 3 out/helm/build.log; return 1; }
  touch "$stamp"
}

bash scripts/check-images.sh
mapfile -t skipped <out/check-images.skipped
# The chart's pods then run what is in the images.
export PIXELMESH_IMAGE_TREES=true

if ! bring "$helm_module" && ! command -v helm >/dev/null; then
  skip "everything about the chart: no helm here, and no Go (or no way to its modules) to build $helm_module"
  if compgen -G "deploy/images/test/*.test.ts" >/dev/null; then vitest run --project deploy deploy/images; fi
else
  bring "$nats_module" || skip "the rendered broker settings on a nats-server of the chart's release: no Go to build $nats_module"
  if [ ! -d out/helm/charts ]; then
    rm -rf out/helm/fetch && cp -r helm/pixelmesh out/helm/fetch
    if PATH="$PIXELMESH_TOOLS_DIR:$PATH" timeout 60 helm dependency update out/helm/fetch >out/helm/fetch.log 2>&1; then
      mv out/helm/fetch/charts out/helm/charts
    else
      skip "the NATS chart itself: https://nats-io.github.io/k8s cannot be reached; profiles with nats.enabled render without it"
    fi
  fi
  command -v promtool >/dev/null || skip "rendered rules by promtool: not here (make check-ops installs it where it can)"
  vitest run --project deploy
fi
tell_skips
