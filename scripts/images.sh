#!/usr/bin/env bash
# make images: builds all images with SBOM and provenance and prints their digests. Environment: REGISTRY (such as
# registry.example.com/team; then they are pushed, which attestations need), TAG, ROLES, PLATFORMS, CUDA=no to leave those variants out.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf 'images: %s\n' "$*"; }
command -v docker >/dev/null || { say "NOT BUILT: docker is not here. \`make check-deploy\` does what can be done without an engine."; exit 1; }
docker info >/dev/null 2>&1 || { say "NOT BUILT: no engine answers docker. \`make check-deploy\` does what can be done without one."; exit 1; }
docker buildx version >/dev/null 2>&1 || { say "NOT BUILT: the buildx plugin is not here; SBOM and provenance need it."; exit 1; }

registry=${REGISTRY:-}
prefix=${registry:+$registry/}pixelmesh
tag=${TAG:-$(node -p 'require("./services/ingest/package.json").version')}
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
out=out/images-built
mkdir -p "$out"
output=(--load)
attest=()
if [ -n "$registry" ]; then
  output=(--push)
  attest=(--sbom=true --provenance=mode=max)
else
  say "no REGISTRY: loaded into the engine, without SBOM and provenance, which only a registry keeps"
fi
platforms=()
if [ -n "${PLATFORMS:-}" ]; then platforms=(--platform "$PLATFORMS"); fi

build() { # name:tag, then arguments of its own
  local image=$1 facts
  facts=$out/$(basename "${image//:/_}").json
  shift
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0) docker buildx build --file deploy/images/Dockerfile --tag "$image" \
    "${output[@]}" "${attest[@]}" "${platforms[@]}" --metadata-file "$facts" \
    --build-arg "VERSION=$tag" --build-arg "REVISION=$revision" "$@" .
  say "$image $(node -p "require('./$facts')['containerimage.digest'] ?? 'no digest'")"
}
for role in ${ROLES:-$(node --conditions=development deploy/images/src/list-images.ts)}; do
  build "$prefix/$role:$tag" --target service --build-arg "ROLE=$role"
done
if [ "${CUDA:-yes}" = yes ]; then
  for role in $(node --conditions=development deploy/images/src/list-images.ts --cuda); do
    build "$prefix/$role:$tag-cuda" --target service --build-arg "ROLE=$role" --build-arg FLAVOUR=cuda
  done
fi
build "$prefix/models:$tag" --target models
