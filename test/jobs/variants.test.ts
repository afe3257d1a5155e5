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
  WorkClass,
} from "@pixelmesh/proto";
import { connectRpc, createSendQueue } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep, slowPicture } from "@pixelmesh/testing/jobs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const effects = ["black_and_white", "halftone", "blur", "clarity", "shake"];
const services = ["ingest", "scheduler", "storage", "effects"] as const;
// All variants are in hand at once.
const env = { PIXELMESH_EFFECTS_CONCURRENCY: "8" };
const inputs = [{ from: { $case: "upload" as const, value: "source" } }];
const encoding = { format: ImageFormat.PNG };

/** A job with a step and an output for each effect, all on one upload. Nothing is taken from the result cache. */
function variantsOf(names: readonly string[], picture: Uint8Array) {
  return {
    pipeline: {
      steps: names.map((name) => ({ ...effectStep(name, name), inputs })),
      outputs: names.map((name) => ({ name, step: name, encoding })),
    },
    pictures: [{ bytes: picture }],
    noCache: true,
  };
}

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

/** Counts the pictures that the effects service has read from storage. */
async function countReads(mesh: TestMesh): Promise<number> {
  const { services: running } = await mesh.client.cluster();
  const url = running.find(({ service }) => service === "effects")?.metricsUrl ?? "";
  const lines = (await (await fetch(url)).text()).matchAll(
    /^rpc_client_call_duration_seconds_count\{.*StorageService\/GetBlob.*\} (\d+)$/gm,
  );
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
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
