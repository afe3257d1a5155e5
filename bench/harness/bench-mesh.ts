import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectPixelmesh, type Pixelmesh } from "@pixelmesh/client";
import { type Mesh, type MeshOptions, startMesh } from "@pixelmesh/local-mesh";
import { readFamilyCpuMs } from "./machine.ts";

/** The mesh of one case, with a client and a scratch directory. */
export type BenchMesh = {
  readonly mesh: Mesh;
  readonly client: Pixelmesh;
  readonly dir: string;
  /** Returns the processor time of all its processes and their children so far, in milliseconds. */
  cpuMs(): number;
  close(): Promise<void>;
};

/** Starts a mesh on free ports. `commands` can replace the commands of its processes. */
export async function startBenchMesh(
  env: NodeJS.ProcessEnv = {},
  commands: Pick<MeshOptions, "command"> = {},
): Promise<BenchMesh> {
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-bench-"));
  const dataDir = join(dir, "mesh");
  const mesh = await startMesh({ dataDir, ports: "free", env: { ...process.env, ...env }, ...commands });
  const client = connectPixelmesh({ address: mesh.address });
  return {
    mesh,
    client,
    dir,
    cpuMs: () =>
      [mesh.broker().pid, ...mesh.processes().map(({ pid }) => pid)].reduce(
        (sum, pid) => sum + readFamilyCpuMs(pid),
        0,
      ),
    async close() {
      client.close();
      await mesh.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
