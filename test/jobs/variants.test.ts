import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectPixelmesh, type Job, JobState } from "@pixelmesh/client";
import {
  type HoldSlotRequest,
  ImageFormat,
  Priority,
  SchedulerServiceDefinition,
  SlotRequest,
  StepState,
  WorkClass,
} from "@pixelmesh/proto";
import { connectRpc, createSendQueue } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { slowPicture } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const effects = ["black_and_white", "halftone", "blur", "clarity", "shake"];
const services = ["ingest", "scheduler", "storage", "effects"] as const;
// All variants are in hand at once.
const env = { PIXELMESH_EFFECTS_CONCURRENCY: "8" };
const inputs = [{ from: { $case: "upload" as const, value: "source" } }];
const encoding = { format: ImageFormat.PNG };

/** A job with a step and an output for each effect, all on one upload, behind the effects of `beginning`. Nothing is taken from the result cache. */
function variantsOf(names: readonly string[], picture: Uint8Array, beginning: readonly string[] = []) {
  const operationOf = (last: string) => ({
    $case: "applyEffects" as const,
    value: { effects: [...beginning, last].map((name) => ({ name, parameters: {} })) },
  });
  return {
    pipeline: {
      steps: names.map((name) => ({ id: name, operation: operationOf(name), inputs })),
      outputs: names.map((name) => ({ name, step: name, encoding })),
    },
    pictures: [{ bytes: picture }],
    noCache: true,
  };
}

/** Effects that cost more than a file of floats, on every number of cores. */
const heavy = ["denoise", "clarity"];

let picture: Buffer;
beforeAll(async () => {
  picture = await slowPicture(1_800);
});

/** Runs `act` while all compute tokens are taken. `queued` resolves once so many steps wait for a slot; `release` lets them run. */
async function whileTokensAreHeld(
  mesh: TestMesh,
  act: (hold: { queued(steps: number): Promise<void>; release(): void }) => Promise<void>,
): Promise<void> {
  const address = mesh.processes().find(({ name }) => name === "scheduler")?.grpc ?? "";
  const connection = connectRpc(address);
  const scheduler = connection.client(SchedulerServiceDefinition);
  const { devices } = await scheduler.getCluster({});
  const request = SlotRequest.fromPartial({
    service: "test",
    instance: "0",
    deviceIds: devices.map(({ deviceId }) => deviceId),
    workClass: WorkClass.HEAVY,
    priority: Priority.BATCH,
    options: [{ batch: 1, peakBytes: 1_024, computeTokens: 1_000 }],
  });
  const outbox = createSendQueue<HoldSlotRequest>();
  const send = (message: NonNullable<HoldSlotRequest["message"]>) => outbox.push({ message });
  send({ $case: "request", value: request });
  const answers = scheduler.holdSlot(outbox);
  let isGranted = false;
  const following = (async () => {
    for await (const { message } of answers) isGranted ||= message?.$case === "grant";
  })();
  const renewing = setInterval(() => send({ $case: "renewal", value: {} }), 2_000);
  const release = () => {
    clearInterval(renewing);
    send({ $case: "release", value: { peakBytes: 0, runMs: 0, outOfMemory: false } });
    outbox.end();
  };
  const waiting = async () =>
    (await scheduler.getCluster({})).queues.reduce((sum, queue) => sum + Number(queue.waiting), 0);
  try {
    await expect.poll(() => isGranted).toBe(true);
    await act({ queued: (steps) => expect.poll(waiting, { interval: 20 }).toBe(steps), release });
  } finally {
    release();
    await following;
    connection.close();
  }
}

/** Returns the sum of the lines of a metric of the effects service that match. */
async function sumOf(mesh: TestMesh, line: RegExp): Promise<number> {
  const { services: running } = await mesh.client.cluster();
  const url = running.find(({ service }) => service === "effects")?.metricsUrl ?? "";
  const lines = (await (await fetch(url)).text()).matchAll(line);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Counts the pictures that the effects service has read from storage. */
const countReads = (mesh: TestMesh) =>
  sumOf(mesh, /^rpc_client_call_duration_seconds_count\{.*StorageService\/GetBlob.*\} (\d+)$/gm);

/** Counts the shared beginnings that steps of the effects service have made, and those that others have taken. */
async function countBeginnings(mesh: TestMesh): Promise<{ readonly made: number; readonly joined: number }> {
  const countOf = (result: string) =>
    sumOf(mesh, new RegExp(`^pixelmesh_shared_beginnings_total\\{.*result="${result}".*\\} (\\d+)$`, "gm"));
  return { made: await countOf("made"), joined: await countOf("joined") };
}

const digestsOf = ({ outputs }: Job) => Object.fromEntries(outputs.map(({ name, sha256 }) => [name, sha256]));

describe("pictures in memory", () => {
  let mesh: TestMesh;
  beforeAll(async () => {
    mesh = await startTestMesh({ env, services });
  });
  afterAll(() => mesh?.[Symbol.asyncDispose]());

  test("variants of one upload read it once, and equal the results of jobs of their own", async () => {
    const before = await countReads(mesh);
    await whileTokensAreHeld(mesh, async ({ queued, release }) => {
      const { id } = await mesh.client.jobs.create(variantsOf(effects, picture));
      await queued(effects.length);
      release();
      const job = await mesh.client.jobs.wait(id);
      expect(job.state).toBe(JobState.SUCCEEDED);
      expect((await countReads(mesh)) - before).toBe(1);
      const alone: Record<string, string | undefined> = {};
      for (const name of effects) {
        const own = await mesh.client.jobs.create(variantsOf([name], picture));
        Object.assign(alone, digestsOf(await mesh.client.jobs.wait(own.id)));
      }
      expect(digestsOf(job)).toEqual(alone);
      expect(new Set(Object.values(alone)).size).toBe(effects.length);
      expect((await countReads(mesh)) - before).toBe(1 + effects.length);
    });
  });

  test("variants with a heavy beginning compute it once, and equal the results of jobs of their own", async () => {
    const before = await countBeginnings(mesh);
    const names = ["dither", "sepia", "halftone", "invert"];
    await whileTokensAreHeld(mesh, async ({ queued, release }) => {
      const { id } = await mesh.client.jobs.create(variantsOf(names, picture, heavy));
      await queued(names.length);
      release();
      const job = await mesh.client.jobs.wait(id);
      expect(job.state).toBe(JobState.SUCCEEDED);
      const shared = { made: before.made + 1, joined: before.joined + names.length - 1 };
      expect(await countBeginnings(mesh)).toEqual(shared);
      const alone: Record<string, string | undefined> = {};
      for (const name of names) {
        const own = await mesh.client.jobs.create(variantsOf([name], picture, heavy));
        Object.assign(alone, digestsOf(await mesh.client.jobs.wait(own.id)));
      }
      expect(digestsOf(job)).toEqual(alone);
      expect(new Set(Object.values(alone)).size).toBe(names.length);
      // A step alone keeps no floats.
      expect(await countBeginnings(mesh)).toEqual(shared);
    });
  });

  test("variants with a light beginning compute it each for itself", async () => {
    const before = await countBeginnings(mesh);
    await whileTokensAreHeld(mesh, async ({ queued, release }) => {
      const { id } = await mesh.client.jobs.create(variantsOf(["dither", "sepia", "halftone"], picture, ["invert"]));
      await queued(3);
      release();
      expect((await mesh.client.jobs.wait(id)).state).toBe(JobState.SUCCEEDED);
    });
    expect(await countBeginnings(mesh)).toEqual(before);
  });

  test("jobs of two tenants with the same picture read it twice", async () => {
    const other = connectPixelmesh({ address: mesh.address, tenant: "other" });
    const before = await countReads(mesh);
    await whileTokensAreHeld(mesh, async ({ queued, release }) => {
      const clients = [mesh.client, other];
      const two = effects.slice(0, 2);
      const jobs = await Promise.all(clients.map(({ jobs }) => jobs.create(variantsOf(two, picture))));
      await queued(4);
      release();
      const ended = await Promise.all(jobs.map(({ id }, at) => clients[at]?.jobs.wait(id)));
      expect(ended.map((job) => job?.state)).toEqual([JobState.SUCCEEDED, JobState.SUCCEEDED]);
      expect((await countReads(mesh)) - before).toBe(2);
    });
    other.close();
  });
});

describe("pictures in files", () => {
  let mesh: TestMesh;
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), "variants-"));
    mesh = await startTestMesh({
      env: { ...env, PIXELMESH_FRAME_MEMORY: "1MiB", PIXELMESH_SCRATCH_DIR: scratch },
      services,
    });
  });
  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await rm(scratch, { recursive: true });
  });

  /** The directories of frame stores that the effects service has now. */
  async function openStores(): Promise<number> {
    const own = (await readdir(scratch)).filter((name) => name.startsWith("pixelmesh-effects-"));
    return (await Promise.all(own.map((name) => readdir(join(scratch, name))))).flat().length;
  }

  test("variants share one decoded file, which is removed with the last of them", async () => {
    await whileTokensAreHeld(mesh, async ({ queued, release }) => {
      const { id } = await mesh.client.jobs.create(variantsOf(effects, picture));
      await queued(effects.length);
      await expect.poll(openStores).toBe(1);
      release();
      expect((await mesh.client.jobs.wait(id)).state).toBe(JobState.SUCCEEDED);
    });
    await expect.poll(openStores).toBe(0);
  });

  test("a beginning of a job that is cancelled meanwhile leaves no file, and another job computes its own", async () => {
    const before = await countBeginnings(mesh);
    const names = ["dither", "sepia", "halftone"];
    await whileTokensAreHeld(mesh, async ({ queued, release }) => {
      const [ending, going] = [
        await mesh.client.jobs.create(variantsOf(names, picture, heavy)),
        await mesh.client.jobs.create(variantsOf(names, picture, heavy)),
      ];
      await queued(2 * names.length);
      release();
      const startedOf = async () =>
        (await mesh.client.jobs.get(ending.id)).steps.some(({ state }) => state !== StepState.READY);
      await expect.poll(startedOf, { interval: 10 }).toBe(true);
      await mesh.client.jobs.cancel(ending.id);
      const { state, outputs } = await mesh.client.jobs.wait(going.id);
      expect(state).toBe(JobState.SUCCEEDED);
      expect(new Set(outputs.map(({ sha256 }) => sha256)).size).toBe(names.length);
    });
    await expect.poll(openStores).toBe(0);
    expect((await countBeginnings(mesh)).made).toBeGreaterThan(before.made);
  });

  test("a cancelled job leaves no file, and another job on the same picture goes on", async () => {
    await whileTokensAreHeld(mesh, async ({ queued, release }) => {
      const two = effects.slice(0, 2);
      const [ending, going] = [
        await mesh.client.jobs.create(variantsOf(two, picture)),
        await mesh.client.jobs.create(variantsOf(two, picture)),
      ];
      await queued(4);
      await expect.poll(openStores).toBe(2);
      await mesh.client.jobs.cancel(ending.id);
      await expect.poll(openStores).toBe(1);
      release();
      expect((await mesh.client.jobs.wait(going.id)).state).toBe(JobState.SUCCEEDED);
    });
    await expect.poll(openStores).toBe(0);
  });
});
