import { availableParallelism, loadavg } from "node:os";
import { JobState } from "@pixelmesh/client";
import { ImageFormat } from "@pixelmesh/proto";
import { type BenchMesh, startBenchMesh } from "../harness/bench-mesh.ts";
import { findModel } from "../harness/compare-with-baseline.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { percentile } from "../harness/stats.ts";
import { startThreadSampler, type ThreadSample, type ThreadSampler } from "../harness/thread-sampler.ts";
import { inParallel } from "../harness/tiny-jobs.ts";

const pictures = Number(process.env.PICTURES ?? 30);
const size = { widthPx: 1_152, heightPx: 864 };
const cores = availableParallelism();
const sampled = ["background", "storage"];

/**
 * Samples the runnable threads of the background service, its inference hosts and storage while cut-outs of one megapixel run, all jobs at once and one
 * after another. A thread in state R runs or waits for a core. Threads that are too many for the cores would show as more processor time for the
 * same pictures. Overlap is the share of moments at which a host and its service are both runnable: all jobs at once, the service decodes and
 * finishes one picture beside the inference of another.
 */
export async function cutOutsOverlapCase(): Promise<boolean> {
  const mesh = await startBenchMesh({ PIXELMESH_LOG_LEVEL: "warn" });
  const sampler = startThreadSampler(mesh.mesh.processes().filter(({ name }) => sampled.includes(name)));
  try {
    const figures: Figure[] = [];
    for (const model of ["pixelmesh-matte", "u2netp"]) {
      if (findModel(model) === undefined) console.log(`  skipped: the file of ${model} is missing`);
      else figures.push(...(await measure(mesh, sampler, model)));
    }
    return report("cut-outs-overlap", figures);
  } finally {
    sampler.close();
    await mesh.close();
  }
}

async function measure({ client, cpuMs }: BenchMesh, sampler: ThreadSampler, model: string): Promise<Figure[]> {
  const scenes = await Promise.all(Array.from({ length: pictures }, (_, at) => toScene(size, at * 5)));
  const operation = { $case: "removeBackground", value: { model } } as const;
  const pipeline = {
    steps: [{ id: "cut", operation }],
    outputs: [{ name: "result", encoding: { format: ImageFormat.PNG } }],
  };
  const runBatch = async (inFlight: number) => {
    const left = [...scenes];
    await inParallel(pictures, inFlight, async () => {
      const created = await client.jobs.create({
        pipeline,
        pictures: [{ bytes: left.shift() as Buffer }],
        noCache: true,
      });
      const { state, error } = await client.jobs.wait(created.id);
      if (state !== JobState.SUCCEEDED) throw new Error(`The job failed: ${error?.message}`);
    });
  };
  const sampleBatch = async (inFlight: number) => {
    await sampler.readSamples();
    const [startMs, beforeMs] = [performance.now(), cpuMs()];
    await runBatch(inFlight);
    const usage = { ms: Math.round(performance.now() - startMs), cpuMs: Math.round(cpuMs() - beforeMs) };
    return { ...usage, ...summarize(await sampler.readSamples()) };
  };
  // Loads the model in every host.
  await runBatch(pictures);
  const together = await sampleBatch(pictures);
  const oneByOne = await sampleBatch(1);
  const details = { pictures, size, model, cores, load: loadavg()[0], together, oneByOne };
  const name = `${pictures} cut-outs of 1 MP with ${model}`;
  const figure = (what: string, value: number, bound: number): Figure => ({
    name: `${name}: ${what}`,
    value: Number(value.toFixed(3)),
    unit: "×",
    bound,
    details,
  });
  return [
    figure("runnable threads of inference hosts, 95th percentile / cores", together.hosts.p95 / cores, 1),
    figure("runnable threads of background, hosts and storage, 95th percentile / cores", together.all.p95 / cores, 4),
    figure("processor time, all at once / one after another", together.cpuMs / oneByOne.cpuMs, 1.15),
    figure("overlap of host and service, one after another / all at once", oneByOne.overlap / together.overlap, 0.5),
  ];
}

/** Returns percentiles of runnable threads, and the share of moments at which both a host and its service are runnable. */
function summarize(samples: readonly ThreadSample[]) {
  const runnable = (isCounted: (name: string) => boolean) =>
    samples.map((sample) =>
      Object.entries(sample).reduce((sum, [name, threads]) => sum + (isCounted(name) ? threads : 0), 0),
    );
  const isOurs = (name: string) => name !== "machine";
  const all = runnable(isOurs);
  const host = runnable((name) => name.startsWith("background host/"));
  const service = runnable((name) => name.startsWith("background/"));
  const names = new Set(samples.flatMap((sample) => Object.keys(sample)).filter(isOurs));
  const both = samples.filter((_, at) => (host[at] ?? 0) > 0 && (service[at] ?? 0) > 0);
  return {
    samples: samples.length,
    all: spreadOf(all),
    hosts: spreadOf(host),
    byThread: Object.fromEntries([...names].sort().map((name) => [name, spreadOf(runnable((each) => each === name))])),
    restOfMachine: spreadOf(samples.map(({ machine = 0 }, at) => Math.max(0, machine - (all[at] as number)))),
    overlap: Number((both.length / samples.length).toFixed(3)),
  };
}

function spreadOf(values: readonly number[]) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    mean: Number(mean.toFixed(2)),
    p50: percentile(values, 50),
    p95: percentile(values, 95),
    max: Math.max(...values),
  };
}
