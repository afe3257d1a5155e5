import { availableParallelism, loadavg } from "node:os";
import { JobState, type Pixelmesh } from "@pixelmesh/client";
import { ImageFormat, type Step } from "@pixelmesh/proto";
import { startBenchMesh } from "../harness/bench-mesh.ts";
import { runPictureJob } from "../harness/picture-job.ts";
import { report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { spread } from "../harness/stats.ts";

const rounds = Number(process.env.PAIRS ?? 5);
const size = { widthPx: 3_840, heightPx: 2_160 };
const format = ImageFormat.JPEG;

/** An effect of each kind: of single pixels, of dots, of small and large windows, of displaced rows. */
const effects = ["black_and_white", "halftone", "blur", "clarity", "shake"];

/** Limits on two cores. */
const bounds = { ratio: 0.65, seconds: 6 };

/**
 * Compares five effects on one 4K JPEG as steps of one job, side by side, with five jobs of one effect, one after another: the time from the first byte
 * sent to the last received, in rounds of alternating order. No result is taken from the cache.
 */
export async function effectVariantsCase(): Promise<boolean> {
  const picture = await toScene(size);
  const mesh = await startBenchMesh();
  const sides = {
    variants: { ms: [] as number[], cpuMs: [] as number[] },
    jobs: { ms: [] as number[], cpuMs: [] as number[] },
  };
  const measure = async (side: keyof typeof sides, run: () => Promise<unknown>) => {
    const [startMs, beforeMs] = [performance.now(), mesh.cpuMs()];
    await run();
    sides[side].ms.push(performance.now() - startMs);
    sides[side].cpuMs.push(mesh.cpuMs() - beforeMs);
  };
  const runVariants = () => runVariantsJob(mesh.client, picture);
  const runJobs = async () => {
    for (const name of effects) await runPictureJob(mesh.client, { picture, operation: toOperation(name), format });
  };
  try {
    await runVariants();
    await runJobs();
    for (let round = 0; round < rounds; round++) {
      const turns = [() => measure("variants", runVariants), () => measure("jobs", runJobs)];
      for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
    }
  } finally {
    await mesh.close();
  }
  const ratioOf = (measured: "ms" | "cpuMs") =>
    spread(
      sides.variants[measured].map((value, at) => value / (sides.jobs[measured][at] as number)),
      3,
    );
  const details = {
    rounds,
    effects,
    size,
    threads: availableParallelism(),
    load: loadavg()[0],
    variantsMs: spread(sides.variants.ms),
    jobsMs: spread(sides.jobs.ms),
    variantsCpuMs: spread(sides.variants.cpuMs),
    jobsCpuMs: spread(sides.jobs.cpuMs),
    ratio: ratioOf("ms"),
    cpuRatio: ratioOf("cpuMs"),
  };
  const name = `${effects.length} effects on ${size.widthPx}×${size.heightPx}`;
  return report("effect-variants", [
    {
      name: `${name}, time: side by side in one job / jobs one after another`,
      value: details.ratio.median,
      unit: "×",
      bound: bounds.ratio,
      details,
    },
    {
      name: `${name}, side by side in one job: time`,
      value: Number((details.variantsMs.median / 1_000).toFixed(2)),
      unit: "s",
      bound: bounds.seconds,
      details,
    },
  ]);
}

function toOperation(name: string): NonNullable<Step["operation"]> {
  return { $case: "applyEffects", value: { effects: [{ name, parameters: {} }] } };
}

/** Runs one job with a step and an output for each effect, and downloads all outputs. Throws if it fails. */
async function runVariantsJob(client: Pixelmesh, picture: Uint8Array): Promise<void> {
  const inputs = [{ from: { $case: "upload" as const, value: "source" } }];
  const { id } = await client.jobs.create({
    pipeline: {
      steps: effects.map((name) => ({ id: name, inputs, operation: toOperation(name) })),
      outputs: effects.map((name) => ({ name, step: name, encoding: { format } })),
    },
    pictures: [{ bytes: picture }],
    noCache: true,
  });
  const job = await client.jobs.wait(id);
  if (job.state !== JobState.SUCCEEDED) throw new Error(`The job failed: ${job.error?.message}`);
  const drain = async (output: string) => {
    const { chunks } = await client.jobs.download(id, output);
    for await (const _chunk of chunks) {
      // Only the arrival of the bytes is measured.
    }
  };
  await Promise.all(effects.map(drain));
}
