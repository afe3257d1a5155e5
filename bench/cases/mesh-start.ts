import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { roleNames } from "@pixelmesh/roles";
import { freePorts } from "@pixelmesh/testing";
import { readPss } from "../harness/machine.ts";
import { report } from "../harness/report.ts";
import { spread } from "../harness/stats.ts";

const rounds = 5;
const idleWaitMs = 3_000;

/** Measures `pixelmesh up` from its start to the line `ready`, and the idle memory of all its processes. */
export async function meshStartCase(): Promise<boolean> {
  const readyMs: number[] = [];
  const pssMiB: number[] = [];
  // The first round fills the compile cache and is not measured.
  for (let round = 0; round <= rounds; round++) {
    const { ms, pssBytes } = await upOnce();
    if (round === 0) continue;
    readyMs.push(ms);
    pssMiB.push(pssBytes / 2 ** 20);
  }
  const ready = spread(readyMs);
  const memory = spread(pssMiB);
  return report("mesh-start", [
    { name: "pixelmesh up until ready", value: ready.median, unit: "ms", bound: 6_000, details: { rounds, ready } },
    {
      name: "idle memory of the whole mesh (sum of PSS)",
      value: memory.median,
      unit: "MiB",
      bound: 900,
      details: { rounds, memory },
    },
  ]);
}

async function upOnce(): Promise<{ ms: number; pssBytes: number }> {
  const dataDir = await mkdtemp(join(tmpdir(), "pixelmesh-bench-"));
  const env = { ...process.env, ...(await freePortVariables()) };
  const startMs = performance.now();
  const up = spawn(fileURLToPath(new URL("../../bin/pixelmesh", import.meta.url)), ["up", "--data-dir", dataDir], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(up, "exit");
  try {
    let ms = Number.NaN;
    for await (const line of createInterface({ input: up.stdout })) {
      if (!/^ready\b/.test(line)) continue;
      ms = performance.now() - startMs;
      break;
    }
    if (Number.isNaN(ms)) throw new Error("`pixelmesh up` ended before it was ready");
    await sleep(idleWaitMs);
    const { broker, services } = JSON.parse(await readFile(join(dataDir, "mesh.json"), "utf8")) as {
      broker: { pid: number };
      services: { pid: number }[];
    };
    const pids = [up.pid as number, broker.pid, ...services.map(({ pid }) => pid)];
    return { ms, pssBytes: pids.reduce((sum, pid) => sum + readPss(pid), 0) };
  } finally {
    up.kill("SIGTERM");
    await exited;
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function freePortVariables(): Promise<Record<string, string>> {
  const names = roleNames.flatMap((role) =>
    ["GRPC", "HEALTH", "METRICS"].map((kind) => `PIXELMESH_${role.toUpperCase()}_${kind}_PORT`),
  );
  const ports = await freePorts(names.length);
  return Object.fromEntries(names.map((name, at) => [name, String(ports[at])]));
}
