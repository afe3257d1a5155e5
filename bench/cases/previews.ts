import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { JobState, Priority } from "@pixelmesh/client";
import { EffectsServiceDefinition, PreviewMode } from "@pixelmesh/proto";
import { connectRpc, type RpcClient, toChunks } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { percentile } from "../harness/stats.ts";

const size = { widthPx: 3_840, heightPx: 2_160 };
const firsts = 12;
const repeats = 60;
const warmUps = 20;
/** Calls of half a millisecond before those that are measured, an even number. */
const quickWarmUps = 400;
const batchInFlight = 8;

type Effects = RpcClient<typeof EffectsServiceDefinition>;

/** Limits of p95 in milliseconds. */
const bounds = { first: 120, fast: 15, balanced: 25, high: 45, kept: 3 };
const modes = { fast: PreviewMode.FAST, balanced: PreviewMode.BALANCED, high: PreviewMode.HIGH };

/**
 * Measures previews of black and white on the effects service: the first one of a 4K JPEG that is sent with the call, those of a known picture
 * with a changing setting, and repeated ones; then the same while a batch of cut-outs holds all compute tokens.
 */
export async function previewsCase(): Promise<boolean> {
  const pictures = await Promise.all(Array.from({ length: firsts + 2 }, (_, at) => toScene(size, at * 25)));
  await using mesh = await startTestMesh({ env: { PIXELMESH_LOG_LEVEL: "warn" } });
  const address = mesh.processes().find(({ name }) => name === "effects")?.grpc ?? "";
  const connection = connectRpc(address, { timeoutMs: 60_000 });
  try {
    const effects = connection.client(EffectsServiceDefinition);
    const [warmUp, known, ...others] = pictures as [Buffer, Buffer, ...Buffer[]];
    await send(effects, warmUp, 1);
    const figures: Figure[] = [];
    const add = (name: string, times: readonly number[], bound: number, further: object = {}) => {
      const p50 = round(percentile(times, 50));
      const details = {
        p50,
        max: round(Math.max(...times)),
        count: times.length,
        load: round(loadavg()[0] as number),
        ...further,
      };
      console.log(`  ${name}: p50 ${p50} ms, load ${details.load}`);
      figures.push({ name: `${name}, p95`, value: round(percentile(times, 95)), unit: "ms", bound, details });
    };
    add(
      "first preview of a 4K JPEG",
      await timed(others.map((picture) => () => send(effects, picture, 1))),
      bounds.first,
    );
    const { sourceSha256 } = await send(effects, known, 1);
    for (const [name, mode] of Object.entries(modes) as [keyof typeof modes, PreviewMode][])
      add(`known picture, changing setting, ${name}`, await measureWarm(effects, sourceSha256, mode), bounds[name]);
    const again = () => ask(effects, sourceSha256, PreviewMode.HIGH, 1);
    await again();
    // In turn with a call without work, which shows the share of the machine. V8 compiles both sides of a call during its first hundreds.
    const pairs = await timed(
      Array.from({ length: quickWarmUps + 8 * repeats }, (_, at) =>
        at % 2 === 0 ? again : () => effects.listEffects({}),
      ),
    );
    const [repeated, bare] = [0, 1].map((turn) => pairs.slice(quickWarmUps).filter((_, at) => at % 2 === turn));
    const bareP95 = round(percentile(bare as number[], 95));
    console.log(`  ListEffects: p95 ${bareP95} ms`);
    add("repeated preview", repeated as number[], bounds.kept, { bareP95 });

    await using _batch = await startBatch(mesh, await toScene({ widthPx: 1_152, heightPx: 864 }));
    const busy = await measureWarm(effects, sourceSha256, PreviewMode.FAST, 100);
    add("known picture, fast, during a batch of cut-outs", busy, 10 * bounds.fast);
    const fresh = await Promise.all(Array.from({ length: 6 }, (_, at) => toScene(size, 5 + at * 25)));
    const late = await timed(fresh.map((picture) => () => send(effects, picture, 2)));
    add("first preview during a batch of cut-outs", late, 5 * bounds.first);
    return report("previews", figures);
  } finally {
    connection.close();
  }
}

/** Previews with a setting that no earlier preview had. */
async function measureWarm(effects: Effects, sha256: string, mode: PreviewMode, offset = 0): Promise<number[]> {
  const calls = Array.from({ length: warmUps + repeats }, (_, at) => () => ask(effects, sha256, mode, 1 + offset + at));
  return (await timed(calls)).slice(warmUps);
}

async function timed(calls: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const times: number[] = [];
  for (const call of calls) {
    const startMs = performance.now();
    await call();
    times.push(performance.now() - startMs);
  }
  return times;
}

function toOperation(step: number) {
  const parameters = { contrast: { kind: { $case: "number" as const, value: 1 + step / 1_000 } } };
  return { effects: [{ name: "black_and_white", parameters }] };
}

async function ask(effects: Effects, sha256: string, mode: PreviewMode, step: number) {
  return await effects.previewEffects({ sha256, mode, operation: toOperation(step), viewer: "bench" });
}

async function send(effects: Effects, picture: Buffer, step: number) {
  async function* parts() {
    const header = { operation: toOperation(step), mode: PreviewMode.FAST };
    yield { part: { $case: "header" as const, value: header } };
    for (const value of toChunks(picture)) yield { part: { $case: "chunk" as const, value } };
  }
  return await effects.previewPicture(parts());
}

/** Keeps batch jobs of cut-outs in flight until it is disposed. Resolves when the first one has ended. */
async function startBatch({ client }: TestMesh, picture: Buffer): Promise<AsyncDisposable> {
  let isEnding = false;
  let ended = 0;
  const operation = { $case: "removeBackground" as const, value: { model: "pixelmesh-matte" } };
  const runJobs = async () => {
    while (!isEnding) {
      const options = { priority: Priority.BATCH, noCache: true };
      const pipeline = { steps: [{ id: "cut", operation }] };
      const { id } = await client.jobs.create({ pipeline, pictures: [{ bytes: picture }], ...options });
      const job = await client.jobs.wait(id);
      if (job.state !== JobState.SUCCEEDED) throw new Error(`A cut-out failed: ${job.error?.message}`);
      ended += 1;
    }
  };
  const running = Promise.all(Array.from({ length: batchInFlight }, runJobs));
  running.catch(() => {
    isEnding = true;
  });
  while (ended === 0 && !isEnding) await sleep(50);
  return {
    async [Symbol.asyncDispose]() {
      isEnding = true;
      await running;
    },
  };
}

function round(value: number): number {
  return Number(value.toFixed(1));
}
