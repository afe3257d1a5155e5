import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectPixelmesh, JobState, type Pixelmesh } from "@pixelmesh/client";
import { startMesh } from "@pixelmesh/local-mesh";
import { ImageFormat } from "@pixelmesh/proto";
import sharp from "sharp";
import { readAnonymous, readCpuMs } from "../harness/machine.ts";
import { report } from "../harness/report.ts";
import { median, spread } from "../harness/stats.ts";

const scale = 4;
const small = { widthPx: 640, heightPx: 480 };
const large = { widthPx: 2500, heightPx: 2500 };
const smallRuns = 6;
const sampleEveryMs = 50;
const mib = 2 ** 20;

type Run = { readonly wallMs: number; readonly cpuMs: number; readonly overIdleMiB: number };

/**
 * Measures an upscale to 100 megapixels with the bundled ×4 model: memory of the service and its inference host above their use with the
 * model loaded, and time per megapixel against pictures of 0.3 MP that run before and after it.
 */
export async function upscaleLargeCase(): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-bench-"));
  const mesh = await startMesh({ dataDir: dir, ports: "free", env: process.env });
  const client = connectPixelmesh({ address: mesh.address });
  const service = mesh.processes().find(({ name }) => name === "upscale")?.pid ?? 0;
  try {
    await runJob(client, service, await toPicture({ widthPx: 64, heightPx: 48 }));
    const picture = await toPicture(large);
    const first = await runJob(client, service, picture);
    const smallRunsOf = async () => {
      const runs: Run[] = [];
      const smallPicture = await toPicture(small);
      for (let run = 0; run < smallRuns / 2; run++) runs.push(await runJob(client, service, smallPicture));
      return runs;
    };
    const before = await smallRunsOf();
    const second = await runJob(client, service, picture);
    const after = await smallRunsOf();
    const perMegapixel = (size: typeof small, runs: readonly Run[], pick: (run: Run) => number) =>
      runs.map((run) => pick(run) / ((size.widthPx * size.heightPx * scale ** 2) / 1e6));
    const ratioOf = (pick: (run: Run) => number) =>
      perMegapixel(large, [second], pick)[0]! / median(perMegapixel(small, [...before, ...after], pick));
    const cpu = (run: Run) => run.cpuMs;
    const wall = (run: Run) => run.wallMs;
    const details = {
      model: "pixelmesh-sr-x4",
      small: { ...small, cpuMsPerMegapixel: spread(perMegapixel(small, [...before, ...after], cpu)) },
      large: { ...large, cpuMsPerMegapixel: spread(perMegapixel(large, [first, second], cpu)) },
      wallMs: { small: spread([...before, ...after].map(wall)), large: spread([first, second].map(wall)) },
      wallRatio: Number(ratioOf(wall).toFixed(3)),
    };
    return report("upscale-large", [
      {
        name: "100 MP result: anonymous memory of service and host over idle",
        value: Math.round(first.overIdleMiB),
        unit: "MiB",
        bound: 600,
        details: { model: "pixelmesh-sr-x4", sampleEveryMs },
      },
      {
        name: "processor time per megapixel of the result, 100 MP / 4.9 MP (from 0.3)",
        value: Number(ratioOf(cpu).toFixed(3)),
        unit: "×",
        bound: 1.15,
        details,
      },
    ]);
  } finally {
    client.close();
    await mesh.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function toPicture({ widthPx, heightPx }: typeof small): Promise<Buffer> {
  const scene = readFileSync(fileURLToPath(new URL("../../examples/still-life.jpg", import.meta.url)));
  return sharp(scene).resize(widthPx, heightPx, { fit: "fill" }).jpeg({ quality: 92 }).toBuffer();
}

/** Runs a job. Returns its times and peak memory, both of the service and its inference hosts. */
async function runJob(client: Pixelmesh, service: number, picture: Uint8Array): Promise<Run> {
  const processes = () => [service, ...childrenOf(service)];
  const sum = (read: (pid: number) => number) => processes().reduce((total, pid) => total + (read(pid) || 0), 0);
  const idleBytes = sum(readAnonymous);
  const idleCpuMs = sum(readCpuMs);
  let peakBytes = idleBytes;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, sum(readAnonymous));
  }, sampleEveryMs);
  const startMs = performance.now();
  try {
    const { id } = await client.jobs.create({
      pipeline: {
        steps: [{ id: "upscale", operation: { $case: "upscale", value: { scale, model: "pixelmesh-sr-x4" } } }],
        outputs: [{ name: "result", encoding: { format: ImageFormat.JPEG } }],
      },
      pictures: [{ bytes: picture }],
      noCache: true,
    });
    const job = await client.jobs.wait(id);
    if (job.state !== JobState.SUCCEEDED) throw new Error(`The job failed: ${job.error?.message}`);
  } finally {
    clearInterval(timer);
  }
  const wallMs = performance.now() - startMs;
  return { wallMs, cpuMs: sum(readCpuMs) - idleCpuMs, overIdleMiB: (peakBytes - idleBytes) / mib };
}

/** Returns the child processes of a process. */
function childrenOf(parent: number): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const fields = readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1)?.split(" ");
      return Number(fields?.[1]) === parent ? [Number(name)] : [];
    } catch {
      return []; // Ended meanwhile.
    }
  });
}
