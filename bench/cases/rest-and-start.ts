import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectPixelmesh } from "@pixelmesh/client";
import { readMeshFile } from "@pixelmesh/local-mesh";
import { bin, upOnce } from "../harness/cli-mesh.ts";
import { readCpuMs, readEndedChildrenMs, readPss } from "../harness/machine.ts";
import { report } from "../harness/report.ts";
import { spread } from "../harness/stats.ts";
import { inParallel, makeTinyPicture, runTinyJob } from "../harness/tiny-jobs.ts";

const rounds = Number(process.env.ROUNDS || 5);
const restMs = Number(process.env.REST_S || 20) * 1_000;
/** Processes collect their garbage when they and the machine have been idle for two checks of 5 s. */
const settleMs = 15_000;
const burstJobs = 1_000;
const inFlight = 16;
const commands = [
  ["--help"],
  ["--version"],
  ["completion", "bash"],
  ["status"],
  ["jobs", "list"],
  ["effects", "list"],
] as const;

/** Measures a mesh at rest, its memory after a burst of jobs, and the starts: `up`, `run` without a mesh, and short commands. */
export async function restAndStartCase(): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-bench-"));
  const picture = join(dir, "tiny.png");
  await writeFile(picture, await makeTinyPicture());
  const readyMs: number[] = [];
  const runMs: number[] = [];
  // The first round fills the compile cache and is not measured.
  for (let round = 0; round <= rounds; round++) {
    const up = await upOnce(join(dir, `up-${round}`));
    await up.stop();
    const run = await time(["run", picture, "--effect", "black_and_white", "--out-dir", dir], {
      PIXELMESH_ADDRESS: undefined,
    });
    if (round === 0) continue;
    readyMs.push(up.readyMs);
    runMs.push(run.wallMs);
  }
  const mesh = await upOnce(join(dir, "mesh"));
  try {
    await sleep(settleMs);
    const rest = await measureRest(mesh.pids());
    const address = addressOf(mesh.dataDir);
    const cpuMs = await measureCommands(address);
    const peakMiB = await burst(address, mesh.pids());
    await sleep(30_000);
    const afterMiB = sumPssMiB(mesh.pids());
    const load = loadavg()[0];
    const [ready, run] = [spread(readyMs), spread(runMs)];
    return report("rest-and-start", [
      {
        name: `processor time at rest, of one core, ${restMs / 1_000} s`,
        value: rest.cpuPercent,
        unit: "%",
        bound: 1,
        details: { ...rest, load },
      },
      { name: "memory at rest (sum of PSS)", value: rest.pssMiB, unit: "MiB", bound: 450, details: rest },
      {
        name: `memory 30 s after ${burstJobs} tiny jobs, of that before`,
        value: Number((afterMiB / rest.pssMiB).toFixed(3)),
        unit: "x",
        bound: 1.15,
        details: { beforeMiB: rest.pssMiB, peakMiB, afterMiB },
      },
      {
        name: "pixelmesh up until ready",
        value: ready.median,
        unit: "ms",
        bound: 1_500,
        details: { rounds, ready, load },
      },
      {
        name: "pixelmesh run of one effect without a mesh",
        value: run.median,
        unit: "ms",
        bound: 2_500,
        details: { rounds, run, load },
      },
      {
        name: "processor time of the most expensive short command",
        value: Math.max(...Object.values(cpuMs).map(({ median }) => median)),
        unit: "ms",
        bound: 150,
        details: { rounds, cpuMs, load },
      },
    ]);
  } finally {
    await mesh.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

type Rest = { readonly cpuPercent: number; readonly pssMiB: number; readonly pssByProcess: readonly number[] };

async function measureRest(pids: readonly number[]): Promise<Rest> {
  const startMs = performance.now();
  const cpuOf = () => pids.reduce((sum, pid) => sum + readCpuMs(pid), 0);
  const beforeMs = cpuOf();
  await sleep(restMs);
  const cpuPercent = Number((((cpuOf() - beforeMs) / (performance.now() - startMs)) * 100).toFixed(2));
  return { cpuPercent, pssMiB: sumPssMiB(pids), pssByProcess: pids.map((pid) => Math.round(readPss(pid) / 2 ** 20)) };
}

function sumPssMiB(pids: readonly number[]): number {
  return Math.round(pids.reduce((sum, pid) => sum + readPss(pid), 0) / 2 ** 20);
}

function addressOf(dataDir: string): string {
  const address = readMeshFile(join(dataDir, "mesh.json"))?.services.find(({ name }) => name === "ingest")?.grpc;
  if (address === undefined) throw new Error("Expected the mesh to have an ingest");
  return address;
}

/** Runs tiny jobs and returns the memory right after the last one. */
async function burst(address: string, pids: readonly number[]): Promise<number> {
  const client = connectPixelmesh({ address });
  try {
    const picture = await makeTinyPicture();
    let contrast = 1;
    await inParallel(burstJobs, inFlight, () => {
      contrast += 1e-4;
      return runTinyJob(client, picture, contrast);
    });
    return sumPssMiB(pids);
  } finally {
    client.close();
  }
}

/** Processor time of each short command, in milliseconds. The first run of each fills the compile cache and is not counted. */
async function measureCommands(address: string): Promise<Record<string, ReturnType<typeof spread>>> {
  const times = new Map<string, number[]>(commands.map((command) => [command.join(" "), []]));
  for (let round = 0; round <= rounds; round++) {
    for (const command of commands) {
      const { cpuMs } = await time([...command], { PIXELMESH_ADDRESS: address });
      if (round > 0) times.get(command.join(" "))?.push(cpuMs);
    }
  }
  return Object.fromEntries([...times].map(([name, list]) => [name, spread(list)]));
}

/** Runs a command to its end. Throws if it fails. */
async function time(
  args: string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ wallMs: number; cpuMs: number }> {
  const startMs = performance.now();
  const before = readEndedChildrenMs();
  const child = spawn(bin, args, { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "inherit"] });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`\`pixelmesh ${args.join(" ")}\` ended with ${code}`);
  return { wallMs: performance.now() - startMs, cpuMs: readEndedChildrenMs() - before };
}
