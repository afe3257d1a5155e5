import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Program, startProgram, waitUntil } from "../control-plane/start-program.ts";
import { place } from "./place.ts";

/** A running container engine. */
export type Containerd = { readonly program: Program; readonly socket: string };

/** Starts containerd with all its files below `dir`, and with pods on the check's bridge. */
export async function startContainerd(dir: string): Promise<Containerd> {
  const socket = join(dir, "containerd.sock");
  const config = join(dir, "containerd.toml");
  mkdirSync(join(dir, "cni"), { recursive: true });
  writeFileSync(join(dir, "cni/10-check.conflist"), JSON.stringify(networkConfig(dir)));
  writeFileSync(config, engineConfig(dir, socket));
  const program = startProgram("/usr/bin/containerd", ["--config", config], {
    logFile: join(dir, "containerd.log"),
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  await waitUntil("containerd's socket", async () => existsSync(socket), { programs: [program], limitMs: 60_000 });
  return { program, socket };
}

const cri = 'plugins."io.containerd.grpc.v1.cri"';

const engineConfig = (dir: string, socket: string) => `version = 2
root = "${dir}/containerd"
state = "${dir}/containerd-state"
[grpc]
  address = "${socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "${dir}/opt"
[${cri}]
  sandbox_image = "${place.registry}/pause:1"
  # Without the capability to lower it, a container keeps the engine's own score.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [${cri}.containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [${cri}.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [${cri}.containerd.runtimes.runc.options]
        SystemdCgroup = false
  [${cri}.cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${dir}/cni"
`;

const networkConfig = (dir: string) => ({
  cniVersion: "0.4.0",
  name: "check",
  plugins: [
    {
      type: "bridge",
      bridge: place.bridge,
      isGateway: true,
      ipMasq: false,
      ipam: {
        type: "host-local",
        dataDir: join(dir, "addresses"),
        ranges: [[{ subnet: place.subnet }]],
        routes: [{ dst: "0.0.0.0/0" }],
      },
    },
  ],
});
