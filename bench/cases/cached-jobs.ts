import { createHash } from "node:crypto";
import { loadavg } from "node:os";
import { isJobEnded, JobState, type Picture, type Pixelmesh } from "@pixelmesh/client";
import { type BenchMesh, startBenchMesh } from "../harness/bench-mesh.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { percentile } from "../harness/stats.ts";

const calls = Number(process.env.CALLS ?? 300);
const warmUps = 50;
const size = { widthPx: 1_920, heightPx: 1_080 };
const bounds = { p50: 5, p95: 15 };

/**
 * Measures a job on a picture of two megapixels whose result the mesh has: from the call until its end is known, without the download. The picture is
 * named by its digest, or its bytes are given, in turn.
 */
export async function cachedJobsCase(): Promise<boolean> {
  const bytes = new Uint8Array(await toScene(size));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const mesh = await startBenchMesh();
  try {
    return report("cached-jobs", await measure(mesh, bytes, sha256));
  } finally {
    await mesh.close();
  }
}

async function measure(mesh: BenchMesh, bytes: Uint8Array, sha256: string): Promise<Figure[]> {
  const pictures: Readonly<Record<string, Picture>> = {
    "named by its digest": { sha256 },
    "given as bytes": { bytes },
  };
  await runJob(mesh.client, { bytes });
  let cpuBefore = 0;
  const times = new Map(Object.keys(pictures).map((name) => [name, [] as number[]]));
  for (let at = 0; at < warmUps + calls; at++) {
    if (at === warmUps) cpuBefore = mesh.cpuMs();
    const pairs = Object.entries(pictures);
    for (const [name, picture] of at % 2 === 0 ? pairs : pairs.toReversed()) {
      const startMs = performance.now();
      const cached = await runJob(mesh.client, picture);
      if (!cached) throw new Error("A job ran its step, so its result was not cached");
      if (at >= warmUps) times.get(name)?.push(performance.now() - startMs);
    }
  }
  const cpuMsPerJob = Number(((mesh.cpuMs() - cpuBefore) / (calls * times.size)).toFixed(2));
  return [...times].flatMap(([name, values]) => toFigures(name, values, { pictureBytes: bytes.length, cpuMsPerJob }));
}

function toFigures(name: string, values: readonly number[], facts: Readonly<Record<string, number>>): Figure[] {
  const of = (percent: number) => Number(percentile(values, percent).toFixed(2));
  const details = { calls, ...facts, p50: of(50), p95: of(95), p99: of(99), least: of(0), load: loadavg()[0] };
  return [
    { name: `a cached job of 2 MP, ${name}, p50`, value: of(50), unit: "ms", bound: bounds.p50, details },
    { name: `a cached job of 2 MP, ${name}, p95`, value: of(95), unit: "ms", bound: bounds.p95, details },
  ];
}

/** Runs a job of one effect to its end. Resolves to whether its result was cached. Throws if it fails. */
async function runJob({ jobs }: Pixelmesh, picture: Picture): Promise<boolean> {
  const operation = {
    $case: "applyEffects" as const,
    value: { effects: [{ name: "black_and_white", parameters: {} }] },
  };
  const created = await jobs.create({ pipeline: { steps: [{ id: "fx", operation }] }, pictures: [picture] });
  const job = isJobEnded(created) ? created : await jobs.wait(created.id);
  if (job.state !== JobState.SUCCEEDED) throw new Error(`A job failed: ${job.error?.message}`);
  return job.steps.every((step) => step.cached);
}
