import { createHash } from "node:crypto";
import { connectPixelmesh } from "@pixelmesh/client";
import { CreateJobHeader, JobServiceDefinition, JobState, Pipeline, StorageServiceDefinition } from "@pixelmesh/proto";
import { connectRpc, type RpcConnection } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep, robot } from "@pixelmesh/testing/jobs";
import { connectTestBus, keysLeft, startReplica } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

let mesh: TestMesh;
let ingest: RpcConnection;
beforeAll(async () => {
  mesh = await startTestMesh({ services: ["storage", "scheduler", "ingest", "effects"] });
  ingest = connectRpc(mesh.address);
});
afterAll(async () => {
  ingest?.close();
  await mesh?.[Symbol.asyncDispose]();
});

const sha256 = createHash("sha256").update(robot).digest("hex");

/** Calls CreateJob without the client: each repetition sends the same message. */
function create(
  header: Parameters<typeof CreateJobHeader.fromPartial>[0],
  bytes: Uint8Array | null = robot,
  connection = ingest,
) {
  async function* messages() {
    yield { part: { $case: "header" as const, value: CreateJobHeader.fromPartial(header) } };
    yield { part: { $case: "upload" as const, value: { name: "source", sha256, sizeBytes: 0 } } };
    if (bytes) yield { part: { $case: "chunk" as const, value: bytes } };
    yield { part: { $case: "end" as const, value: {} } };
  }
  return connection.client(JobServiceDefinition).createJob(messages());
}

const dither = Pipeline.fromPartial({ steps: [effectStep("fx", "dither")] });

test("a repeated request after the deadline returns the job, and another request with its id is refused", async () => {
  const deadlineUnixMs = Date.now() + 5_000;
  const header = { pipeline: dither, requestId: "late", deadlineUnixMs };
  const job = await create(header);
  await mesh.client.jobs.wait(job.id);
  await new Promise((resolve) => setTimeout(resolve, deadlineUnixMs + 100 - Date.now()));

  expect(await create(header)).toMatchObject({ id: job.id, state: JobState.SUCCEEDED });
  const other = Pipeline.fromPartial({ steps: [effectStep("fx", "pop_art")] });
  await expect(create({ ...header, pipeline: other })).rejects.toMatchObject({ reason: "REQUEST_ID_REUSED" });
  await expect(create({ ...header, requestId: "new" })).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
});

test("a repeated request that names its picture by digest returns the job even when the picture is gone", async () => {
  const header = { pipeline: dither, requestId: "by-digest" };
  await create({ pipeline: dither, requestId: "first" });
  const job = await create(header, null);
  await mesh.client.jobs.wait(job.id);
  const storage = connectRpc(mesh.processes().find(({ name }) => name === "storage")?.grpc ?? "");
  await storage.client(StorageServiceDefinition).deleteBlob({ sha256 });
  storage.close();

  expect((await create(header, null)).id).toBe(job.id);
  await expect(create({ ...header, requestId: "by-digest-2" }, null)).rejects.toMatchObject({
    reason: "BLOB_NOT_FOUND",
  });
});

test("calls with one request id, at once on two replicas, create one job; another request with the id is refused on both", async () => {
  await using bus = await connectTestBus(mesh.brokerUrl());
  await using replica = await startReplica(mesh, bus, "ingest");
  const other = connectRpc(replica.address);
  onTestFinished(other.close);
  const ask = (at: number, pipeline: Pipeline) =>
    create({ pipeline, requestId: "at-once" }, robot, at % 2 === 0 ? ingest : other);
  const jobs = await Promise.all(Array.from({ length: 16 }, (_, at) => ask(at, dither)));
  const [id = ""] = new Set(jobs.map((job) => job.id));
  expect(new Set(jobs.map((job) => job.id))).toEqual(new Set([id]));
  expect(await mesh.client.jobs.wait(id)).toMatchObject({ state: JobState.SUCCEEDED });
  const another = Pipeline.fromPartial({ steps: [effectStep("fx", "pop_art")] });
  for (const at of [0, 1]) await expect(ask(at, another)).rejects.toMatchObject({ reason: "REQUEST_ID_REUSED" });
  expect((await ask(1, dither)).id).toBe(id);
  const listed = (await Array.fromAsync(mesh.client.jobs.list())).filter(({ requestId }) => requestId === "at-once");
  expect(listed.map((job) => job.id)).toEqual([id]);
  // The calls that came too late had listed their own jobs.
  await expect.poll(() => keysLeft(bus, "open")).toEqual([]);
  // The tenant is part of the identity.
  const stranger = connectPixelmesh({ address: mesh.address, tenant: "stranger" });
  onTestFinished(stranger.close);
  const same = { pipeline: dither, pictures: [{ bytes: robot }], requestId: "at-once" };
  expect((await stranger.jobs.create(same)).id).not.toBe(id);
});

test("a pipeline above 128 KiB is refused as not retryable, with its size and the limit", async () => {
  // 64 steps of 16 effects with all parameters.
  const effects = Array.from({ length: 16 }, () => ({ name: "pop_art", parameters: {} }));
  const steps = Array.from({ length: 64 }, (_, at) => ({
    id: `s${at}`,
    operation: { $case: "applyEffects" as const, value: { effects } },
  }));
  const refused = create({ pipeline: Pipeline.fromPartial({ steps }), requestId: "large" });
  await expect(refused).rejects.toMatchObject({
    reason: "PIPELINE_TOO_LARGE",
    retryAfterMs: undefined,
    metadata: { max_bytes: String(128 * 1024), bytes: expect.stringMatching(/^\d{6,}$/) },
  });
});

test("a tenant names its own pictures by digest, and learns nothing about pictures of another tenant", async () => {
  const [ann, bob] = ["ann", "bob"].map((tenant) => connectPixelmesh({ address: mesh.address, tenant }));
  onTestFinished(() => {
    ann?.close();
    bob?.close();
  });
  const byDigest = (client: typeof ann, digest: string) =>
    client?.jobs.create({ pipeline: dither, pictures: [{ sha256: digest }] });
  const own = await sharp(robot).resize(200).png().toBuffer();
  const digest = createHash("sha256").update(own).digest("hex");
  const job = await ann?.jobs.create({ pipeline: dither, pictures: [{ bytes: own }] });
  const ended = await ann?.jobs.wait(job?.id ?? "");
  const made = ended?.outputs[0]?.sha256 ?? "";
  expect(made).toMatch(/^[0-9a-f]{64}$/);

  for (const sha of [digest, made]) {
    expect((await byDigest(ann, sha))?.id).toBeDefined();
    const refused = { reason: "BLOB_NOT_FOUND", message: expect.any(String) };
    const never = await byDigest(bob, "0".repeat(64))?.catch((error: unknown) => error);
    expect(never).toMatchObject(refused);
    // The same text as for an unknown picture.
    await expect(byDigest(bob, sha)).rejects.toThrow((never as Error).message);
  }
  // Another replica, or this one after a restart, finds the digest in the jobs of the tenant.
  mesh.kill("ingest");
  expect((await byDigest(ann, digest))?.id).toBeDefined();
  await expect(byDigest(bob, digest)).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
  // A tenant that sends the bytes may use the picture.
  await bob?.jobs.create({ pipeline: dither, pictures: [{ bytes: own }] });
  expect((await byDigest(bob, digest))?.id).toBeDefined();
});
