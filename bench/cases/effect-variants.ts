import { availableParallelism, loadavg } from "node:os";
import { JobState, type Pixelmesh } from "@pixelmesh/client";
import { type Effect, ImageFormat, type Step } from "@pixelmesh/proto";
import { startBenchMesh } from "../harness/bench-mesh.ts";
import { runPictureJob } from "../harness/picture-job.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { spread } from "../harness/stats.ts";

const rounds = Number(process.env.PAIRS ?? 5);
const size = { widthPx: 3_840, heightPx: 2_160 };
const format = ImageFormat.JPEG;

/** An effect of each kind: of single pixels, of dots, of small and large windows, of displaced rows. */
const effects = ["black_and_white", "halftone", "blur", "clarity", "shake"];

/** Effects that are quick, behind a heavy beginning. */
const ends = ["black_and_white", "sepia", "shake", "invert", "dither"];

/** Limits on two cores. */
const bounds = { ratio: 0.65, seconds: 6, sharedRatio: 0.75, sharedCpuRatio: 0.6 };

type Side = { readonly ms: number[]; readonly cpuMs: number[] };
type Measured = { readonly one: Side; readonly other: Side };
type Mesh = Awaited<ReturnType<typeof startBenchMesh>>;

/**
 * Compares on one 4K JPEG, from the first byte sent to the last received, in rounds of alternating order and without the result cache: five effects as steps
 * of one job, side by side, with five jobs of one effect, one after another; and five chains with one heavy beginning with five whose beginnings differ by a
 * hair of their strength, which is the same work and cannot be shared.
 */
export async function effectVariantsCase(): Promise<boolean> {
  const picture = await toScene(size);
  const mesh = await startBenchMesh();
  const { client } = mesh;
  const chains = effects.map((name) => [toEffect(name)]);
  const runJobs = async () => {
    for (const chain of chains) await runPictureJob(client, { picture, operation: toOperation(chain), format });
  };
  try {
    const apart = await alternate(mesh, () => runVariantsJob(client, picture, chains), runJobs);
    const shared = await alternate(
      mesh,
      () =>
        runVariantsJob(
          client,
          picture,
          ends.map((end) => toHeavyChain(end, 40)),
        ),
      () =>
        runVariantsJob(
          client,
          picture,
          ends.map((end, at) => toHeavyChain(end, 40 + at / 1_000)),
        ),
    );
    return report("effect-variants", [...toVariantFigures(apart), ...toBeginningFigures(shared)]);
  } finally {
    await mesh.close();
  }
}

function toVariantFigures({ one, other }: Measured): readonly Figure[] {
  const details = {
    ...common(effects),
    variantsMs: spread(one.ms),
    jobsMs: spread(other.ms),
    variantsCpuMs: spread(one.cpuMs),
    jobsCpuMs: spread(other.cpuMs),
    ratio: ratioOf({ one, other }, "ms"),
    cpuRatio: ratioOf({ one, other }, "cpuMs"),
  };
  const name = `${effects.length} effects on ${size.widthPx}×${size.heightPx}`;
  const seconds = Number((details.variantsMs.median / 1_000).toFixed(2));
  return [
    {
      name: `${name}, time: side by side in one job / jobs one after another`,
      value: details.ratio.median,
      unit: "×",
      bound: bounds.ratio,
      details,
    },
    { name: `${name}, side by side in one job: time`, value: seconds, unit: "s", bound: bounds.seconds, details },
  ];
}

function toBeginningFigures({ one, other }: Measured): readonly Figure[] {
  const details = {
    ...common(ends.map((end) => `denoise, clarity, ${end}`)),
    sharedMs: spread(one.ms),
    apartMs: spread(other.ms),
    sharedCpuMs: spread(one.cpuMs),
    apartCpuMs: spread(other.cpuMs),
    ratio: ratioOf({ one, other }, "ms"),
    cpuRatio: ratioOf({ one, other }, "cpuMs"),
  };
  const name = `${ends.length} chains with one heavy beginning on ${size.widthPx}×${size.heightPx}`;
  const [time, cpuTime] = [details.ratio.median, details.cpuRatio.median];
  return [
    { name: `${name}, time: shared / each its own`, value: time, unit: "×", bound: bounds.sharedRatio, details },
    {
      name: `${name}, processor time: shared / each its own`,
      value: cpuTime,
      unit: "×",
      bound: bounds.sharedCpuRatio,
      details,
    },
  ];
}

function common(names: readonly string[]) {
  return { rounds, effects: names, size, threads: availableParallelism(), load: loadavg()[0] };
}

function ratioOf({ one, other }: Measured, measured: "ms" | "cpuMs") {
  return spread(
    one[measured].map((value, at) => value / (other[measured][at] as number)),
    3,
  );
}

/** Runs each once, then both in rounds of alternating order. */
async function alternate(
  mesh: Mesh,
  runOne: () => Promise<unknown>,
  runOther: () => Promise<unknown>,
): Promise<Measured> {
  const measured: Measured = { one: { ms: [], cpuMs: [] }, other: { ms: [], cpuMs: [] } };
  const measure = async ({ ms, cpuMs }: Side, run: () => Promise<unknown>) => {
    const [startMs, beforeMs] = [performance.now(), mesh.cpuMs()];
    await run();
    ms.push(performance.now() - startMs);
    cpuMs.push(mesh.cpuMs() - beforeMs);
  };
  await runOne();
  await runOther();
  for (let round = 0; round < rounds; round++) {
    const turns = [() => measure(measured.one, runOne), () => measure(measured.other, runOther)];
    for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
  }
  return measured;
}

const toEffect = (name: string): Effect => ({ name, parameters: {} });

/** Denoise of this strength and clarity, then `end`. */
function toHeavyChain(end: string, strength: number): readonly Effect[] {
  const denoise = {
    name: "denoise",
    parameters: { strength: { kind: { $case: "number" as const, value: strength } } },
  };
  return [denoise, toEffect("clarity"), toEffect(end)];
}

function toOperation(chain: readonly Effect[]): NonNullable<Step["operation"]> {
  return { $case: "applyEffects", value: { effects: [...chain] } };
}

/** Runs one job with a step and an output for each chain, and downloads all outputs. Throws if it fails. */
async function runVariantsJob(
  client: Pixelmesh,
  picture: Uint8Array,
  chains: readonly (readonly Effect[])[],
): Promise<void> {
  const inputs = [{ from: { $case: "upload" as const, value: "source" } }];
  const names = chains.map((_, at) => `variant-${at + 1}`);
  const { id } = await client.jobs.create({
    pipeline: {
      steps: chains.map((chain, at) => ({ id: names[at] ?? "", inputs, operation: toOperation(chain) })),
      outputs: names.map((name) => ({ name, step: name, encoding: { format } })),
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
  await Promise.all(names.map(drain));
}
