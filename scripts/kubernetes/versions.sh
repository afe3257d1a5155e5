# Sourced: versions of the programs and definitions that `make check-kubernetes` builds from Go modules.
# The release whose libraries helm_version has: both then share compiled packages.
kubernetes_version=1.37.0
helm_version=3.22.0
etcd_version=3.7.0
coredns_version=1.14.7
keda_version=2.21.0
gateway_api_version=1.6.3
monitoring_types_version=0.95.2
controller_tools_version=0.23.0
# Where programs and definitions are kept between runs.
kubernetes_dir=${PIXELMESH_KUBERNETES_DIR:-${HOME:-$PWD/.tools}/.cache/pixelmesh/kubernetes}
