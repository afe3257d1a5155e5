import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { NodeProject } from "./node-project.ts";

/** A mesh that the installed command line has started. */
export type InstalledMesh = {
  /** `host:port` of ingest. */
  readonly address: string;
  /** Base address of the gateway; undefined without one. */
  readonly gateway: string | undefined;
  stop(): Promise<void>;
};

const startTimeoutMs = 120_000;

/** Starts `pixelmesh up` of an installed package on free ports. Throws an Error with its output if it does not become ready. */
export async function startInstalledMesh({ dir, node }: NodeProject): Promise<InstalledMesh> {
  const bin = join(dir, "node_modules/@pixelmesh/cli/bin/pixelmesh.js");
  const child = spawn(node, [bin, "up", "--port", "0", "--data-dir", join(dir, "mesh")], {
    cwd: dir,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines: string[] = [];
  const timer = setTimeout(() => child.kill("SIGKILL"), startTimeoutMs);
  try {
    await untilReady(child, lines);
  } finally {
    clearTimeout(timer);
  }
  const addressOf = (name: string) => lines.find((line) => line.startsWith(`${name} `))?.split(/\s+/)[1];
  const address = addressOf("ingest");
  if (address === undefined) throw new Error(`Expected the address of ingest, got:\n${lines.join("\n")}`);
  const gateway = addressOf("gateway")?.replace(/^(?:http:\/\/)?(.*?)\/?$/, "http://$1");
  return {
    address,
    gateway,
    async stop() {
      if (child.exitCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

async function untilReady(child: ChildProcess, lines: string[]): Promise<void> {
  for (const stream of [child.stdout, child.stderr])
    if (stream) createInterface({ input: stream }).on("line", (line) => lines.length < 200 && lines.push(line));
  const ready = Promise.withResolvers<void>();
  child.once("exit", (code) => ready.reject(new Error(`pixelmesh up ended with ${code}:\n${lines.join("\n")}`)));
  const poll = setInterval(() => lines.includes("ready") && ready.resolve(), 100);
  await ready.promise.finally(() => clearInterval(poll));
}
