import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { findProgram } from "../control-plane/programs.ts";
import { type Program, startProgram } from "../control-plane/start-program.ts";
import { place } from "./place.ts";

/** What a kubelet needs. */
export type KubeletOptions = {
  readonly dir: string;
  readonly kubeconfig: string;
  /** Of the container engine. */
  readonly socket: string;
  /** The cgroup below which pods are put, from the root. */
  readonly cgroup: string;
};

/** Starts a kubelet that registers the node `real`. */
export function startKubelet({ dir, kubeconfig, socket, cgroup }: KubeletOptions): Program {
  const config = join(dir, "kubelet.yaml");
  const resolvConf = join(dir, "resolv.conf");
  mkdirSync(join(dir, "kubelet"), { recursive: true });
  writeFileSync(resolvConf, `nameserver ${place.address}\n`);
  writeFileSync(
    config,
    stringify({
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      address: place.address,
      authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
      authorization: { mode: "AlwaysAllow" },
      cgroupDriver: "cgroupfs",
      cgroupRoot: cgroup,
      failCgroupV1: false,
      failSwapOn: false,
      oomScoreAdj: 0,
      enforceNodeAllocatable: [],
      localStorageCapacityIsolation: false,
      imageGCHighThresholdPercent: 100,
      clusterDNS: [place.address],
      clusterDomain: "cluster.local",
      resolvConf,
      podLogsDir: join(dir, "pod-logs"),
      containerRuntimeEndpoint: `unix://${socket}`,
    }),
  );
  const args = [
    `--config=${config}`,
    `--kubeconfig=${kubeconfig}`,
    `--root-dir=${join(dir, "kubelet")}`,
    `--cert-dir=${join(dir, "kubelet-certificates")}`,
    `--hostname-override=${place.node}`,
    `--node-ip=${place.address}`,
  ];
  return startProgram(findProgram("kubelet"), args, {
    logFile: join(dir, "kubelet.log"),
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
}
