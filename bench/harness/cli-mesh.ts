import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { readMeshFile } from "@pixelmesh/local-mesh";

/** Path of the command line. */
export const bin = fileURLToPath(new URL("../../bin/pixelmesh", import.meta.url));

/** A mesh that `pixelmesh up` started. */
export type CliMesh = {
  readonly dataDir: string;
  /** From the start of the command to its line `ready`, in milliseconds. */
  readonly readyMs: number;
  /** The processes that run now: supervisor, broker and services. */
  pids(): readonly number[];
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
};

/** Runs `pixelmesh up` on free ports until it is ready. Throws if it ends before. */
export async function upOnce(dataDir: string): Promise<CliMesh> {
  const startMs = performance.now();
  const up = spawn(bin, ["up", "--data-dir", dataDir, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(up, "exit");
  async function stop(): Promise<void> {
    up.kill("SIGTERM");
    await exited;
    await rm(dataDir, { recursive: true, force: true });
  }
  for await (const line of createInterface({ input: up.stdout })) {
    if (!/^ready\b/.test(line)) continue;
    return {
      dataDir,
      readyMs: performance.now() - startMs,
      pids() {
        const facts = readMeshFile(join(dataDir, "mesh.json"));
        if (facts === undefined) throw new Error("Expected a mesh.json of the mesh, found none");
        return [facts.pid, facts.broker.pid, ...facts.services.map(({ pid }) => pid)];
      },
      stop,
    };
  }
  await stop();
  throw new Error("`pixelmesh up` ended before it was ready");
}
