#!/usr/bin/env bash
# make chart: the package of the chart, out/helm/pixelmesh-<version>.tgz, with the NATS chart inside. That comes from its repository, or from
# NATS_CHART, a folder or archive of yours. Where neither can be had the package is made without it, and that is said: it then needs
# a NATS of your own (broker.urls).
set -euo pipefail
cd "$(dirname "$0")/.."
check=chart
. scripts/skips.sh
. scripts/go-tools.sh
bring "$helm_module" || command -v helm >/dev/null || { echo "chart: Expected helm, or Go to build $helm_module, and found neither" >&2; exit 1; }
export PATH="$PIXELMESH_TOOLS_DIR:$PATH"

# OUT=folder: another place for the package, for tests.
mkdir -p "${OUT:-out/helm}"
out=$(cd "${OUT:-out/helm}" && pwd)
stage=$out/package/pixelmesh
rm -rf "$out/package" && mkdir -p "$out/package" && cp -r helm/pixelmesh "$stage" && rm -rf "$stage/charts"
cat helm/with-nats/dependencies.yaml >>"$stage/Chart.yaml"
cp helm/with-nats/Chart.lock "$stage/"

# Downloads what Chart.lock names, or takes the copy.
bring_nats() {
  if [ -n "${NATS_CHART:-}" ]; then
    mkdir -p "$stage/charts"
    if [ -d "$NATS_CHART" ]; then cp -rL "$NATS_CHART" "$stage/charts/nats"; else cp "$NATS_CHART" "$stage/charts/"; fi
  else
    # Lists of repositories of its own: the user's stay as they are.
    export HELM_REPOSITORY_CONFIG="$stage.repositories.yaml" HELM_REPOSITORY_CACHE="$stage.cache"
    timeout 60 helm repo add nats "$(sed -n 's/.*repository: //p' helm/with-nats/dependencies.yaml)" >"$out/fetch.log" 2>&1 &&
      timeout 60 helm dependency build "$stage" >>"$out/fetch.log" 2>&1
  fi
}
if bring_nats; then
  rm -rf "$out/charts" && cp -r "$stage/charts" "$out/charts"
else
  tail -n 1 "$out/fetch.log" 2>/dev/null || true
  skip "the NATS chart: https://nats-io.github.io/k8s cannot be reached, and NATS_CHART names no copy. The package refuses nats.enabled: true"
  rm -rf "$stage/charts" "$stage/Chart.lock" && cp helm/pixelmesh/Chart.yaml "$stage/Chart.yaml"
fi
helm package "$stage" --destination "$out"
tell_skips
