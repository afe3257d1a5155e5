#!/usr/bin/env bash
# make check-kubernetes: the chart on a real API server. Part (a): a control plane with nodes that have no kubelet; every profile is
# installed, changed and uninstalled there. Part (b), as root: a real node with containerd; a job and the drills under load. PART=a or
# PART=b runs one of them. The programs are built from their Go modules (about 8 GB and half an hour the first time,
# seconds later). BUILD=never uses only what was built before. What cannot be had is skipped, loudly, and counted in the last line.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.tools/node_modules/.bin:$PWD/node_modules/.bin:$PATH:/usr/sbin"
check=check-kubernetes
. scripts/skips.sh
. scripts/go-tools.sh
. scripts/kubernetes/versions.sh

# have NAME…: whether each of these can be used, after building what is missing.
have() {
  local name missing=()
  if [ "${BUILD:-}" != never ]; then bash scripts/kubernetes/build.sh "$@" || return 1; fi
  for name in "$@"; do
    if [ "$name" = definitions ]; then [ -s "$kubernetes_dir/crds/.version" ] || missing+=("$name")
    elif ! [ -x "$kubernetes_dir/bin/$name" ]; then missing+=("$name"); fi
  done
  [ ${#missing[@]} -eq 0 ] || { echo "check-kubernetes: not in $kubernetes_dir: ${missing[*]}"; return 1; }
}

have_helm() {
  [ -x "$PIXELMESH_TOOLS_DIR/helm" ] || command -v helm >/dev/null || { [ "${BUILD:-}" != never ] && bring "$helm_module"; }
}
typescript() { node --conditions=development --disable-warning=ExperimentalWarning "$@"; }

# have_engine: whether containers can be run here. Debian's packages bring what is missing.
have_engine() {
  local names=(containerd runc containernetworking-plugins iptables)
  [ "$(id -u)" -eq 0 ] || { echo "check-kubernetes: not root"; return 1; }
  if ! [ -x /usr/bin/containerd ] || ! [ -x /usr/lib/cni/bridge ] || ! command -v runc >/dev/null; then
    [ "${BUILD:-}" != never ] && command -v apt-get >/dev/null || { echo "check-kubernetes: no ${names[*]} here"; return 1; }
    # RUNLEVEL=1: the packages' services are not started.
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${names[@]}" >out/helm/engine.log 2>&1 ||
      { apt-get update -qq && DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${names[@]}"; } >>out/helm/engine.log 2>&1 ||
      { tail -n 2 out/helm/engine.log; return 1; }
  fi
  unshare --net --mount --pid --fork --mount-proc bash -c 'ip link set lo up && ip link add check0 type bridge && mount -t tmpfs tmpfs /run' ||
    { echo "check-kubernetes: this kernel gives no network, mount and process namespaces with a bridge"; return 1; }
}

# run_node: part (b) in namespaces of its own. When they end, so do its processes, mounts, network and ports; what is left are a folder
# and empty cgroups.
run_node() {
  local code=0
  node_dir=$(mktemp -d "${TMPDIR:-/tmp}/pixelmesh-node-XXXXXX")
  node_cgroup=pixelmesh-check-${node_dir##*-}
  PIXELMESH_NODE_DIR=$node_dir PIXELMESH_NODE_CGROUP=$node_cgroup \
    unshare --net --mount --pid --fork --mount-proc --kill-child bash -c '
      mkdir -p /var/lib/kubelet
      for dir in /run /var/log /var/lib/kubelet; do mount -t tmpfs tmpfs "$dir"; done
      node --conditions=development --disable-warning=ExperimentalWarning helm/cluster/node/main.ts "$@"' node "$@" || code=$?
  clean_node
  return "$code"
}
clean_node() {
  local dir
  [ -n "${node_dir:-}" ] || return 0
  for dir in "/sys/fs/cgroup/$node_cgroup" /sys/fs/cgroup/*/"$node_cgroup"; do
    [ ! -d "$dir" ] || find "$dir" -depth -type d -exec rmdir {} \; 2>/dev/null || true
  done
  rm -rf "$node_dir"
  node_dir=
}
trap clean_node EXIT

code=0
control_plane=(etcd kube-apiserver kube-controller-manager kube-scheduler definitions)
if ! have_helm; then
  skip "everything: no helm here, and no Go (or no way to its modules) to build $helm_module"
elif ! have "${control_plane[@]}"; then
  skip "everything: the control plane is not here and could not be built (see above)"
else
  [ -d "${PIXELMESH_NATS_CHARTS:-out/helm/charts}" ] ||
    skip "the official NATS chart: make chart has not brought it; a stand-in with the same pods takes its place"
  if [ "${PART:-a}" = a ]; then typescript helm/cluster/main.ts "$@" || code=$?; fi
  if [ "${PART:-b}" = b ]; then
    if ! have kubelet kubectl coredns pause || ! { [ -x "$PIXELMESH_TOOLS_DIR/nats-server" ] || bring "$nats_module"; }; then
      skip "the real node: kubelet, name server or nats-server are not here and could not be built (see above)"
    elif ! have_engine; then
      skip "the real node: no container engine can be run here (see above)"
    else
      typescript deploy/images/src/build.ts >out/helm/trees.log 2>&1 || { tail -n 5 out/helm/trees.log; exit 1; }
      run_node "$@" || code=$?
    fi
  fi
fi
tell_skips
exit "$code"
