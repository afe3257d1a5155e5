#!/usr/bin/env bash
# build.sh NAME…: builds programs of a Kubernetes cluster from their Go modules, each once for each version:
# etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kubelet coredns pause, and `definitions` (CRDs).
# Compiled packages stay in Go's own cache, so a later build takes seconds. Ends with 1 and says why if a program cannot be built.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/versions.sh"
say() { printf 'kubernetes: %s\n' "$*"; }
die() { say "$@" >&2; exit 1; }

go=$(command -v go || { [ -x /usr/local/go/bin/go ] && echo /usr/local/go/bin/go; } || true)
[ -n "$go" ] || die "Expected Go to build $*, found none on PATH or in /usr/local/go"
export CGO_ENABLED=0 GOWORK=off GOTOOLCHAIN="${GOTOOLCHAIN:-auto}"
mkdir -p "$kubernetes_dir/bin" "$kubernetes_dir/crds"
log=$kubernetes_dir/build.log

# A cold build needs about 8 GB for modules and compiled packages.
need_space() {
  local free_mib
  free_mib=$(df -Pm "$kubernetes_dir" | awk 'NR == 2 { print $4 }')
  [ "$free_mib" -ge 8192 ] || die "Expected 8192 MiB of free space for $kubernetes_dir and Go's caches, got $free_mib MiB"
}

# The lines `module => module version` for every module that k8s.io/kubernetes replaces by a folder of its own repository.
staging_replacements() {
  local source
  "$go" mod download "k8s.io/kubernetes@v$kubernetes_version"
  source=$("$go" env GOMODCACHE)/k8s.io/kubernetes@v$kubernetes_version/go.mod
  sed -n '/^replace (/,/^)/p' "$source" | awk -v version="v0.${kubernetes_version#1.}" '/=>/ { print "  " $1 " => " $1 " " version }'
}

# new_module NAME: makes the folder NAME the current one. Returns 1 if its go.mod is that of these versions already.
new_module() {
  local stamp
  stamp="$(cksum <"$here/versions.sh") $(cksum <"$here/build.sh")"
  mkdir -p "$kubernetes_dir/modules/$1"
  cd "$kubernetes_dir/modules/$1"
  [ "$(cat .stamp 2>/dev/null)" != "$stamp" ] || return 1
  rm -f go.mod go.sum
  printf '%s' "$stamp" >.stamp
}

# `k8s.io/kubernetes` cannot be installed by itself, because it replaces modules by folders. This module repeats its replacements with versions.
# It requires helm for helm's versions of what both use: `make check-deploy` builds helm, and its compiled packages are then used here.
kubernetes_module() {
  new_module kubernetes || return 0
  {
    printf 'module kubernetes-programs\n\ngo 1.26.0\n\ngodebug default=go1.26\n\n'
    printf 'require (\n  k8s.io/kubernetes v%s\n  go.etcd.io/etcd/server/v3 v%s\n  helm.sh/helm/v3 v%s\n)\n\n' \
      "$kubernetes_version" "$etcd_version" "$helm_version"
    printf 'replace (\n%s\n)\n' "$(staging_replacements)"
  } >go.mod
}

# Without its other plugins CoreDNS needs a fraction of their dependencies.
coredns_module() {
  new_module coredns || return 0
  {
    printf 'module coredns-program\n\ngo 1.26.0\n\nrequire github.com/coredns/coredns v%s\n\n' "$coredns_version"
    printf 'replace (\n%s\n)\n' "$(staging_replacements)"
  } >go.mod
  cp "$here/coredns/main.go" main.go
}

# build NAME VERSION PACKAGE [LINKER FLAGS]: in the folder of the module.
build() {
  local name=$1 version=$2 package=$3 flags=${4:-} start=$SECONDS
  say "building $name $version"
  need_space
  # -mod=mod: what go.mod lacks is added while the program's own imports are resolved. `go mod tidy` would fetch the tests' modules too.
  "$go" build -mod=mod -p "${PIXELMESH_BUILD_JOBS:-2}" -trimpath -ldflags "-s -w $flags" -o "$kubernetes_dir/bin/.$name.part" "$package" >"$log" 2>&1 ||
    { tail -n 3 "$log" >&2; die "$name $version could not be built"; }
  mv "$kubernetes_dir/bin/.$name.part" "$kubernetes_dir/bin/$name"
  printf '%s' "$version" >"$kubernetes_dir/bin/.$name.version"
  say "built $name in $((SECONDS - start)) s, $(stat -c %s "$kubernetes_dir/bin/$name") bytes"
}

is_built() { [ -x "$kubernetes_dir/bin/$1" ] && [ "$(cat "$kubernetes_dir/bin/.$1.version" 2>/dev/null)" = "$2" ]; }
version_of() {
  case $1 in
    etcd) echo "$etcd_version" ;;
    coredns) echo "$coredns_version" ;;
    pause) echo 1 ;;
    kube-apiserver | kube-controller-manager | kube-scheduler | kubectl | kubelet) echo "$kubernetes_version" ;;
    *) die "Expected one of etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl, kubelet, coredns, pause, definitions, got $1" ;;
  esac
}

build_program() {
  local version package=k8s.io/component-base/version minor=${kubernetes_version#1.}
  version=$(version_of "$1")
  ! is_built "$1" "$version" || return 0
  case $1 in
    etcd)
      kubernetes_module
      build etcd "$version" go.etcd.io/etcd/server/v3
      ;;
    coredns)
      coredns_module
      build coredns "$version" .
      ;;
    pause)
      cd "$here/pause"
      build pause "$version" main.go
      ;;
    *)
      kubernetes_module
      build "$1" "$version" "k8s.io/kubernetes/cmd/$1" \
        "-X $package.gitVersion=v$version -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
      ;;
  esac
}

# The Prometheus operator's own module is not needed: its API types are one, and controller-gen writes the definitions from them.
build_definitions() {
  local stamp crds=$kubernetes_dir/crds modules
  stamp="$keda_version $gateway_api_version $monitoring_types_version $controller_tools_version"
  [ "$(cat "$crds/.version" 2>/dev/null)" != "$stamp" ] || return 0
  say "writing the definitions of KEDA, the Gateway API and the Prometheus operator"
  rm -rf "$crds" && mkdir -p "$crds/monitoring" "$kubernetes_dir/modules/monitoring"
  "$go" mod download "github.com/kedacore/keda/v2@v$keda_version" "sigs.k8s.io/gateway-api@v$gateway_api_version"
  modules=$("$go" env GOMODCACHE)
  install -m 644 -D -t "$crds/keda" "$modules/github.com/kedacore/keda/v2@v$keda_version"/config/crd/bases/*.yaml
  install -m 644 -D -t "$crds/gateway" "$modules/sigs.k8s.io/gateway-api@v$gateway_api_version"/config/crd/standard/*.yaml
  cd "$kubernetes_dir/modules/monitoring"
  local types=github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring generator=sigs.k8s.io/controller-tools/cmd/controller-gen
  printf 'module monitoring-definitions\n\ngo 1.26.0\n\nrequire (\n  %s v%s\n  sigs.k8s.io/controller-tools v%s\n)\n' \
    "$types" "$monitoring_types_version" "$controller_tools_version" >go.mod
  rm -f go.sum
  # controller-gen reads the types by Go's own package loader.
  printf 'package main\n\nimport _ "%s/v1"\n\nfunc main() {}\n' "$types" >main.go
  GOFLAGS="${GOFLAGS:-} -mod=mod" "$go" run "$generator" crd:crdVersions=v1 "paths=$types/v1" "output:crd:dir=$crds/monitoring" >"$log" 2>&1 ||
    { tail -n 3 "$log" >&2; die "controller-gen could not write the Prometheus operator's definitions"; }
  printf '%s' "$stamp" >"$crds/.version"
}

for name in "$@"; do
  if [ "$name" = definitions ]; then (build_definitions); else (build_program "$name"); fi
done
