#!/usr/bin/env bash
# Generates the Go code of the contracts into this folder. Needs Go; installs the two generators into .tools/go the first time.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../.. && pwd)
export GOBIN=$root/.tools/go/bin PATH=$root/.tools/go/bin:$root/node_modules/.bin:$PATH
[ -x "$GOBIN/protoc-gen-go" ] || go install google.golang.org/protobuf/cmd/protoc-gen-go@v1.36.12
[ -x "$GOBIN/protoc-gen-go-grpc" ] || go install google.golang.org/grpc/cmd/protoc-gen-go-grpc@v1.6.2
# Contracts that clients call, and those that they import.
paths=()
for name in background common effects errors ingest jobs models pipeline remote scheduler storage upscale; do
  rm -rf "./$name"
  paths+=(--path "../../proto/pixelmesh/$name")
done
buf generate ../../proto "${paths[@]}"
cp ../service-config.json .
