# Sourced by checks whose tools are built from their Go modules into .tools/bin, where Go is: `bring MODULE@VERSION`.
# The nats-server is that of the NATS chart in helm/with-nats: 2.9 of some distributions knows no sync_interval.
helm_module=helm.sh/helm/v3/cmd/helm@v3.22.0
nats_module=github.com/nats-io/nats-server/v2@v2.14.2
export PIXELMESH_TOOLS_DIR="$PWD/.tools/bin"
mkdir -p "$PIXELMESH_TOOLS_DIR" out/helm
go=$(command -v go || { [ -x /usr/local/go/bin/go ] && echo /usr/local/go/bin/go; } || true)

# Builds a tool once for each version of it.
bring() {
  local module=$1 tool=${1%@*}
  tool=$(sed -E 's|/v[0-9]+$||; s|.*/||' <<<"$tool")
  local stamp="$PIXELMESH_TOOLS_DIR/.$tool-${module##*@}"
  [ -x "$PIXELMESH_TOOLS_DIR/$tool" ] && [ -e "$stamp" ] && return 0
  [ -n "$go" ] || return 1
  echo "$check: building $module"
  GOPATH="${GOPATH:-${HOME:-$PWD/.tools}/go}" GOBIN="$PIXELMESH_TOOLS_DIR" GOFLAGS="-buildvcs=false -modcacherw" CGO_ENABLED=0 \
    timeout 900 "$go" install -trimpath -ldflags "-s -w" "$module" >out/helm/build.log 2>&1 || { tail -n 3 out/helm/build.log; return 1; }
  touch "$stamp"
}
