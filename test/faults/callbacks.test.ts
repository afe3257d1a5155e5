import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bus } from "@pixelmesh/bus";
import { type Callback, connectPixelmesh, type Job } from "@pixelmesh/client";
import { CallbackState } from "@pixelmesh/proto";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep, robot, slowPicture, slowPipeline } from "@pixelmesh/testing/jobs";
import { connectTestBus, type HttpReceiver, keysLeft, startHttpReceiver } from "@pixelmesh/testing/processes";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { startFaultyReplica } from "../support/faulty-replica.ts";

const secrets = ["a", "b"].map((letter) => `whsec_${Buffer.from(letter.repeat(32)).toString("base64")}`);
const ownSecret = `whsec_${Buffer.from("c".repeat(32)).toString("base64")}`;

let dir: string;
let receiver: HttpReceiver;
let mesh: TestMesh;
let bus: Bus & AsyncDisposable;
let env: Record<string, string>;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pixelmesh-callbacks-"));
  const secretsFile = join(dir, "secrets");
  writeFileSync(secretsFile, `${secrets.join("\n")}\nshop ${ownSecret}\n`);
  receiver = await startHttpReceiver((_, response) => response.end());
  env = {
    PIXELMESH_NATS_ACK_WAIT: "1s",
    PIXELMESH_INGEST_RECONCILE_AFTER: "1s",
    PIXELMESH_STOP_GRACE: "2s",
    PIXELMESH_INGEST_CALLBACK_PRIVATE_HOSTS: receiver.host,
    PIXELMESH_INGEST_CALLBACK_HTTP: "true",
    PIXELMESH_INGEST_CALLBACK_SECRETS_FILE: secretsFile,
    PIXELMESH_INGEST_CALLBACK_RETRY_AFTER: "200ms,200ms,200ms",
  };
  mesh = await startTestMesh({ services: ["storage", "scheduler", "ingest", "effects"], env });
  bus = await connectTestBus(mesh.brokerUrl());
});
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
  await receiver?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});
beforeEach(() => {
  receiver.respond = (_, response) => response.end();
});

// A new contrast gives a new result key, so that there is work.
const freshPipeline = () => ({ steps: [effectStep("fx", "black_and_white", { contrast: 1 + Math.random() / 4 })] });
const callsOf = (jobId: string) => receiver.calls.filter(({ headers }) => headers["webhook-id"] === jobId);
const create = (more: object = {}) =>
  mesh.client.jobs.create({
    pipeline: freshPipeline(),
    pictures: [{ bytes: robot }],
    callbackUrl: receiver.url("/hook?token=secret"),
    ...more,
  });

/** Verifies a call with the reference library of Standard Webhooks. Returns its body. */
function verify(jobId: string, secret = secrets[0] as string) {
  const [call] = callsOf(jobId);
  return new Webhook(secret).verify(call?.body ?? "", call?.headers as Record<string, string>) as {
    type: string;
    timestamp: string;
    data: Record<string, unknown> & { outputs: { sha256: string; sizeBytes: number; name: string }[] };
  };
}

async function callbackOf(jobId: string, client = mesh.client): Promise<Callback | undefined> {
  for await (const callback of client.jobs.callbacks()) if (callback.jobId === jobId) return callback;
  return undefined;
}

const expectDelivered = (jobId: string) =>
  expect
    .poll(async () => (await callbackOf(jobId).catch(() => undefined))?.state, { timeout: 60_000 })
    .toBe(CallbackState.DELIVERED);

test("the receiver gets each end once, signed with both secrets", async () => {
  const good = await create({ labels: ["order:17"], requestId: "signed" });
  const bad = await create({ pictures: [{ bytes: robot.subarray(0, 2_000) }] });
  const slow = await create({ pipeline: slowPipeline(), pictures: [{ bytes: await slowPicture() }] });
  await mesh.client.jobs.cancel(slow.id);
  for (const { id } of [good, bad, slow]) await expectDelivered(id);
  for (const { id } of [good, bad, slow]) expect(callsOf(id)).toHaveLength(1);

  const job = await mesh.client.jobs.get(good.id);
  const [output] = job.outputs;
  for (const secret of secrets) {
    expect(verify(good.id, secret)).toEqual({
      type: "job.succeeded",
      timestamp: new Date(job.finishedUnixMs).toISOString(),
      data: expect.objectContaining({
        id: good.id,
        state: "SUCCEEDED",
        error: null,
        labels: ["order:17"],
        requestId: "signed",
      }),
    });
  }
  expect(verify(good.id).data.outputs).toMatchObject([
    { name: "result", sha256: output?.sha256, sizeBytes: output?.sizeBytes },
  ]);
  expect(verify(bad.id)).toMatchObject({
    type: "job.failed",
    data: { state: "FAILED", error: { reason: "IMAGE_TRUNCATED" } },
  });
  expect(verify(slow.id)).toMatchObject({ type: "job.cancelled", data: { state: "CANCELLED" } });
  expect(() => verify(good.id, ownSecret)).toThrow();
  // Addresses may hold secrets: they are shown without their query.
  expect([job.callbackUrl, (await callbackOf(good.id))?.url]).toEqual([receiver.url("/hook"), receiver.url("/hook")]);
  expect(callsOf(good.id)[0]?.path).toBe("/hook?token=secret");
  expect(mesh.logs("ingest")).not.toContain("token=secret");
});

test("a tenant sees its own callbacks only, and its own secret signs them", async () => {
  const shop = connectPixelmesh({ address: mesh.address, tenant: "shop" });
  onTestFinished(() => shop.close());
  const request = { pipeline: freshPipeline(), pictures: [{ bytes: robot }], callbackUrl: receiver.url("/shop") };
  const { id } = await shop.jobs.create(request);
  await expect.poll(async () => (await callbackOf(id, shop))?.state).toBe(CallbackState.DELIVERED);
  expect(verify(id, ownSecret).data.id).toBe(id);
  for (const secret of secrets) expect(() => verify(id, secret)).toThrow();
  expect(await callbackOf(id)).toBeUndefined();
  const notFound = { reason: "CALLBACK_NOT_FOUND" };
  await expect(mesh.client.jobs.retryCallback(id)).rejects.toMatchObject(notFound);
  const without = await shop.jobs.create({ ...request, callbackUrl: "" });
  await shop.jobs.wait(without.id);
  await expect(shop.jobs.retryCallback(without.id)).rejects.toMatchObject(notFound);
  await expect(shop.jobs.retryCallback("no-id")).rejects.toMatchObject(notFound);
  expect((await shop.jobs.retryCallback(id)).state).toBe(CallbackState.PENDING);
  await expect.poll(() => callsOf(id).length).toBe(2);
});

test("each job of a batch and each retried job has its callback; callbacks are listed in pages", async () => {
  const shop = connectPixelmesh({ address: mesh.address, tenant: "pages" });
  onTestFinished(() => shop.close());
  const pictures = Array.from({ length: 5 }, (_, at) => ({
    name: `p${at}`,
    bytes: at === 4 ? robot.subarray(0, 2_000) : robot,
  }));
  const batch = await shop.batches.create({ pipeline: freshPipeline(), pictures, callbackUrl: receiver.url("/batch") });
  await shop.batches.wait(batch.id);
  const ids: string[] = [];
  for await (const job of shop.batches.jobs(batch.id)) ids.push(job.jobId);
  const list = async (options: object) =>
    (await Array.fromAsync(shop.jobs.callbacks(options))).map(({ jobId }) => jobId);
  await expect.poll(() => list({ state: CallbackState.DELIVERED })).toHaveLength(5);
  expect(await list({ pageSize: 2 })).toEqual([...ids].sort().reverse());
  expect(await list({ pageSize: 2, state: CallbackState.FAILED })).toEqual([]);
  expect(receiver.calls.filter(({ path }) => path === "/batch")).toHaveLength(5);

  const failing = { pipeline: freshPipeline(), pictures: [{ bytes: robot.subarray(0, 2_000) }], labels: ["again"] };
  const { id } = await shop.jobs.create({ ...failing, callbackUrl: receiver.url("/again") });
  await shop.jobs.wait(id);
  const { jobIds } = await shop.jobs.retryMany({ labels: ["again"] });
  expect(jobIds).toHaveLength(1);
  await expect.poll(() => callsOf(jobIds[0] ?? "").map(({ path }) => path)).toEqual(["/again"]);
});

test("a callback that fails every attempt is a dead letter, which an operator replays", async () => {
  receiver.respond = (_, response) => response.writeHead(503).end();
  const { id } = await create();
  await expect.poll(async () => (await callbackOf(id))?.state, { timeout: 60_000 }).toBe(CallbackState.FAILED);
  expect(await callbackOf(id)).toMatchObject({
    attempts: 4,
    lastStatus: 503,
    lastError: "HTTP status 503",
    nextAttemptUnixMs: 0,
  });
  expect(callsOf(id)).toHaveLength(4);
  const letters = (await Array.fromAsync(mesh.client.deadLetters.list())).filter(({ jobId }) => jobId === id);
  expect(letters.map(({ reason }) => reason)).toEqual(["CALLBACK_FAILED"]);
  const sequence = letters[0]?.sequence ?? 0;
  expect((await mesh.client.deadLetters.get(sequence)).text).toContain(`"lastError":"HTTP status 503"`);
  receiver.respond = (_, response) => response.end();
  expect(await mesh.client.deadLetters.replay(sequence)).toBe("");
  await expectDelivered(id);
  expect((await callbackOf(id))?.attempts).toBe(1);
  await expect(mesh.client.deadLetters.get(sequence)).rejects.toMatchObject({ reason: "DEAD_LETTER_NOT_FOUND" });
});

const survivedMs = 5_000;

test.each(["update jobs", "create callbacks", "remove open"])(
  "the callback is made although ingest dies before its write `%s`",
  async (write) => {
    const keeper = mesh.processes().find(({ name }) => name === "ingest");
    await using victim = await startFaultyReplica(mesh, bus, "ingest", write, env);
    process.kill(keeper?.pid as number, "SIGSTOP");
    const client = connectPixelmesh({ address: victim.address, retryTimeoutMs: 0 });
    let job: Job;
    try {
      job = await client.jobs.create({
        pipeline: freshPipeline(),
        pictures: [{ bytes: robot }],
        callbackUrl: receiver.url("/kill"),
      });
      await Promise.race([victim.exited, new Promise((next) => setTimeout(next, survivedMs * 4))]);
    } finally {
      process.kill(keeper?.pid as number, "SIGCONT");
      client.close();
    }
    expect(victim.errorOutput()).toContain(`dies before: ${write}`);
    await expectDelivered(job.id);
    expect(callsOf(job.id).length).toBeGreaterThan(0);
    await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  },
);

test("a callback whose ingest is killed before it notes the answer is made again under the same id", async () => {
  let kills = 0;
  receiver.respond = ({ path }, response) => {
    if (path !== "/killer" || kills++ > 0) return response.end();
    mesh.kill("ingest");
    response.destroy();
  };
  const { id } = await create({ callbackUrl: receiver.url("/killer") });
  await expectDelivered(id);
  const calls = callsOf(id);
  expect(calls.length).toBeGreaterThanOrEqual(2);
  expect(new Set(calls.map(({ body }) => body.toString())).size).toBe(1);
  await mesh.client.jobs.wait(id);
});

test("a broker that is killed while callbacks are made loses none", async () => {
  let kills = 0;
  receiver.respond = ({ path }, response) => {
    if (path === "/broker" && kills++ === 3) mesh.kill("broker");
    response.end();
  };
  const jobs = await Promise.all(Array.from({ length: 12 }, () => create({ callbackUrl: receiver.url("/broker") })));
  for (const { id } of jobs) await expectDelivered(id);
  for (const { id } of jobs) expect(callsOf(id).length).toBeGreaterThanOrEqual(1);
});

test("a full store of callbacks refuses new jobs that have one, and an accepted job keeps its callback until there is space", async () => {
  const { config } = await bus.jsm.streams.info("KV_callbacks");
  const slow = await create({ pipeline: slowPipeline(), pictures: [{ bytes: await slowPicture(2_000) }] });
  await bus.jsm.streams.update("KV_callbacks", { ...config, max_bytes: 1_024 });
  await expect.poll(() => create().catch(({ reason }: { reason: string }) => reason)).toBe("QUEUE_FULL");
  const plain = await create({ callbackUrl: "" });
  expect((await mesh.client.jobs.wait(plain.id)).id).toBe(plain.id);
  expect((await mesh.client.jobs.wait(slow.id)).id).toBe(slow.id);
  await expect.poll(() => mesh.logs("ingest")).toContain("callback not stored");
  // Those that were accepted before the replica read the size of the store wait too.
  expect(await keysLeft(bus, "open")).toContainEqual(expect.stringContaining(slow.id));
  expect(callsOf(slow.id)).toEqual([]);
  await bus.jsm.streams.update("KV_callbacks", config);
  await expectDelivered(slow.id);
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
});

/** Counts the writes to the bucket of callbacks that ingest has made since its start. */
async function countWrites(): Promise<number> {
  const page = await (await fetch(mesh.processes().find(({ name }) => name === "ingest")?.metrics ?? "")).text();
  const lines = page.matchAll(/^pixelmesh_durable_writes_total\{what="\S+ callbacks"\} (\d+)$/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

test("a job without a callback writes nothing more; one with a callback writes it and its delivery", async () => {
  const pending = () => Array.fromAsync(mesh.client.jobs.callbacks({ state: CallbackState.PENDING }));
  await expect.poll(pending, { timeout: 60_000 }).toEqual([]);
  const before = await countWrites();
  const plain = await create({ callbackUrl: "" });
  await mesh.client.jobs.wait(plain.id);
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  expect((await countWrites()) - before).toBe(0);
  const { id } = await create();
  await expectDelivered(id);
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  expect((await countWrites()) - before).toBe(2);
});
