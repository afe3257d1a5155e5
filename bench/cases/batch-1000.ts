import { loadavg } from "node:os";
import { type BatchJob, JobState, reasonFromEnum } from "@pixelmesh/client";
import sharp from "sharp";
import { startBenchMesh } from "../harness/bench-mesh.ts";
import { readMeshMemory } from "../harness/mesh-memory.ts";
import { report } from "../harness/report.ts";

const count = Number(process.env.PICTURES || 1_000);
const badShare = 0.03;
const kills = 2;
/** A restarted process has loaded its model by then, and the first pictures have grown its heap. */
const maxGrowthMiB = 64;

type Memory = Readonly<Record<string, number>>;

/**
 * Cuts out small pictures (PICTURES, default 1,000) in one batch, of which 3 % are bad: half of them are no pictures, half have damaged pixels. The
 * background service is killed (-9) after a third and after two thirds. Each picture must have one end: a result, or a typed error.
 */
export async function batch1000Case(): Promise<boolean> {
  if (!(count >= 30)) throw new Error(`Expected PICTURES to be at least 30, got ${process.env.PICTURES}`);
  const { mesh, client, close } = await startBenchMesh();
  try {
    const bad = Math.round(count * badShare);
    const pictures = Array.from({ length: count }, (_, at) => ({ name: `${at}.png`, open: () => drawOne(at, bad) }));
    const readMemory = (): Memory =>
      Object.fromEntries(readMeshMemory(mesh).map(({ name, resident }) => [name, Math.round(resident / 2 ** 20)]));
    const startMs = performance.now();
    const pipeline = { steps: [{ id: "cut", operation: { $case: "removeBackground" as const, value: {} } }] };
    const { id } = await client.batches.create({ pipeline, pictures, noCache: true });
    const createdMs = performance.now() - startMs;
    const memory: Memory[] = [readMemory()];
    const ended: BatchJob[] = [];
    let killed = 0;
    for await (const batch of client.batches.watch(id)) {
      ended.push(...batch.ended);
      if (killed < kills && ended.length >= ((killed + 1) * count) / (kills + 1)) {
        killed += 1;
        mesh.kill("background", "SIGKILL");
        console.log(
          `  killed background after ${ended.length} ends, at ${batch.jobsPerSecond.toFixed(1)} jobs/s, ETA ${batch.etaMs} ms`,
        );
      }
      if (memory.length === 1 && ended.length >= count / 2) memory.push(readMemory());
    }
    memory.push(readMemory());
    const seconds = (performance.now() - startMs - createdMs) / 1000;

    const succeeded = ended.filter(({ state }) => state === JobState.SUCCEEDED).length;
    const errors = ended.filter(({ state }) => state === JobState.FAILED);
    const twice = ended.length - new Set(ended.map(({ index }) => index)).size;
    const reasons: Record<string, number> = {};
    for (const { error } of errors) {
      const reason = reasonFromEnum(error?.reason ?? 0);
      reasons[reason] = (reasons[reason] ?? 0) + 1;
    }
    const growth = Object.keys(memory[2] ?? {}).map((name) => (memory[2]?.[name] ?? 0) - (memory[1]?.[name] ?? 0));
    const [start, middle, end] = memory;
    return report(
      "batch-1000",
      [
        {
          name: `results missing of ${count - bad}`,
          value: Math.abs(count - bad - succeeded),
          unit: "jobs",
          bound: 0,
          details: { succeeded, killed },
        },
        {
          name: `typed errors missing of ${bad}`,
          value: Math.abs(bad - errors.length),
          unit: "jobs",
          bound: 0,
          details: reasons,
        },
        { name: "pictures that ended twice", value: twice, unit: "jobs", bound: 0, details: {} },
        { name: "kills of background that were not made", value: kills - killed, unit: "kills", bound: 0, details: {} },
        {
          name: "largest growth of a process from the middle to the end",
          value: Math.max(...growth),
          unit: "MiB",
          bound: maxGrowthMiB,
          details: {
            start,
            middle,
            end,
            createSeconds: Number((createdMs / 1000).toFixed(2)),
            jobsPerSecond: Number((count / seconds).toFixed(2)),
            load: loadavg()[0],
          },
        },
      ],
      `make bench CASE=batch-1000 PICTURES=${count}`,
    );
  } finally {
    await close();
  }
}

/** Draws the picture of a place. The first ones are bad: no picture, or one with damaged pixels, in turn. */
async function* drawOne(at: number, bad: number): AsyncGenerator<Uint8Array> {
  if (at < bad && at % 2 === 0) {
    yield Buffer.from(`no picture ${at}`);
    return;
  }
  const background = { r: at % 256, g: Math.floor(at / 256), b: 40 };
  const disc = Buffer.from('<svg width="64" height="64"><circle cx="32" cy="32" r="18" fill="#e8e0d0"/></svg>');
  const bytes = await sharp({ create: { width: 64, height: 64, channels: 3, background } })
    .composite([{ input: disc }])
    .png()
    .toBuffer();
  if (at < bad) bytes.fill(0x5a, bytes.indexOf("IDAT") + 4, bytes.indexOf("IEND") - 8);
  yield bytes;
}
