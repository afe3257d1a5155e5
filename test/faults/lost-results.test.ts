import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "@pixelmesh/bus";
import { ImageFormat, type Job, JobState } from "@pixelmesh/client";
import { JobRecord, PutBlobHeader, type PutBlobRequest, StorageServiceDefinition } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { download, effectStep } from "@pixelmesh/testing/jobs";
import { connectTestBus } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const services = ["storage", "scheduler", "ingest", "effects"] as const;
const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const pathIn = (root: string, sha256: string) => join(root, "blobs", sha256.slice(0, 2), sha256.slice(2, 4), sha256);

/** Flips a bit as a failing disk does: size and times stay the same. */
function flipBit(path: string): void {
  const { atimeMs, mtimeMs } = statSync(path);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 4;
  writeFileSync(path, bytes);
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
}

/** Two steps with a frame between them, and two encodings of the second. Each call returns another chain. */
function createChain() {
  const contrast = 1 + Math.random() / 4;
  return {
    steps: [effectStep("first", "black_and_white", { contrast }), effectStep("then", "pop_art", {}, "first")],
    outputs: [ImageFormat.PNG, ImageFormat.WEBP].map((format, at) => ({
      name: ["png", "webp"][at] as string,
      step: "then",
      encoding: { format },
    })),
  };
}

const stores = ["one directory", "tiers above a shared store"] as const;

describe.each(stores)("with %s", (kind) => {
  let mesh: TestMesh;
  let sharedDir: string;
  let picture: Buffer;
  beforeAll(async () => {
    sharedDir = join(mkdtempSync(join(tmpdir(), "pixelmesh-lost-")), "cold");
    mkdirSync(sharedDir);
    const env = kind === "one directory" ? {} : { PIXELMESH_STORAGE_COLD: `file://${sharedDir}` };
    mesh = await startTestMesh({ services, env });
    picture = await sharp({ create: { width: 64, height: 48, channels: 3, background: "#a05030" } })
      .png()
      .toBuffer();
  });
  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    if (sharedDir) rmSync(join(sharedDir, ".."), { recursive: true, force: true });
  });

  /** Files that hold a blob: the copy on the disk of the replica, and the one of the shared store. */
  const filesOf = (sha256: string) =>
    [join(mesh.dataDir, "blobs"), sharedDir].map((root) => pathIn(root, sha256)).filter(existsSync);

  async function run(pipeline: object): Promise<Job> {
    const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: picture }] } as never);
    const job = await mesh.client.jobs.wait(id);
    expect(job.state, job.error?.message).toBe(JobState.SUCCEEDED);
    return job;
  }

  /** Digests of the frame between the steps and of the two outputs. */
  async function blobsOf(job: Job): Promise<{ frame: string; png: string; webp: string }> {
    await using bus = await connectTestBus(mesh.brokerUrl());
    const record = (await (await openStore(bus, "jobs", JobRecord)).get(`record.${job.id}`))?.value;
    const output = (name: string) => job.outputs.find((each) => each.name === name)?.sha256 ?? "";
    return { frame: record?.steps[0]?.result?.frame?.sha256 ?? "", png: output("png"), webp: output("webp") };
  }

  async function expectWhole(job: Job, like: Job): Promise<void> {
    for (const { name, sha256 } of like.outputs) {
      const bytes = await download(mesh.client, job, name);
      expect(digestOf(bytes)).toBe(sha256);
    }
  }

  const harms = [
    ["gone", (path: string) => rmSync(path)],
    ["corrupt", flipBit],
  ] as const;
  const cases = (["frame", "png", "webp"] as const).flatMap((part) =>
    harms.map(([what, harm]) => [part, what, harm] as const),
  );

  test.each(cases)(
    "a stored result whose %s is %s is computed again, whole, and counted as lost",
    async (part, _, harm) => {
      const pipeline = createChain();
      const before = await run(pipeline);
      const stored = await blobsOf(before);
      const lostOf = async () => (await mesh.client.stats()).resultCache?.lost ?? 0;
      const lost = await lostOf();
      // Read once, so that the tiers hold copies.
      await expectWhole(before, before);
      for (const path of filesOf(stored[part])) harm(path);

      const after = await run(pipeline);
      // One lost encoding of several loses the step; the other step is still answered from the cache.
      expect(after.steps.map(({ cached }) => cached)).toEqual([part !== "frame", part === "frame"]);
      await expectWhole(after, before);
      expect(await lostOf()).toBe(lost + 1);
      const third = await run(pipeline);
      expect(third.steps.map(({ cached }) => cached)).toEqual([true, true]);
      await expectWhole(third, before);
    },
  );

  test("an output that is lost between the look-up and the download is refused with its reason, and made by the next job", async () => {
    const pipeline = createChain();
    const before = await run(pipeline);
    const cached = await run(pipeline);
    expect(cached.steps.map((step) => step.cached)).toEqual([true, true]);
    const { png } = await blobsOf(cached);
    const storage = connectRpc(mesh.processes().find(({ name }) => name === "storage")?.grpc ?? "");
    try {
      expect(await storage.client(StorageServiceDefinition).deleteBlob({ sha256: png })).toEqual({ existed: true });
    } finally {
      storage.close();
    }
    await expect(mesh.client.jobs.download(cached.id, "png")).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
    const next = await run(pipeline);
    expect(next.steps.map((step) => step.cached)).toEqual([true, false]);
    await expectWhole(next, before);
    // The earlier job names the same bytes.
    await expectWhole(cached, before);
  });
});

test("a full store does not evict a result between its look-up and its download", async () => {
  const env = { PIXELMESH_STORAGE_MAX: "8MiB", PIXELMESH_STORAGE_MIN_FREE: "0B" };
  await using mesh = await startTestMesh({ services, env });
  const picture = await sharp({ create: { width: 64, height: 48, channels: 3, background: "#305080" } })
    .png()
    .toBuffer();
  const pipeline = createChain();
  const run = async () => {
    const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: picture }] } as never);
    return mesh.client.jobs.wait(id);
  };
  const first = await run();
  const cached = await run();
  expect(cached.steps.map((step) => step.cached)).toEqual([true, true]);

  const storage = connectRpc(mesh.processes().find(({ name }) => name === "storage")?.grpc ?? "");
  const { putBlob } = storage.client(StorageServiceDefinition);
  async function* upload(): AsyncGenerator<PutBlobRequest> {
    yield { part: { $case: "header", value: PutBlobHeader.create({ sizeBytes: 1024 * 1024 }) } };
    yield { part: { $case: "chunk", value: randomBytes(1024 * 1024) } };
    yield { part: { $case: "end", value: {} } };
  }
  try {
    const fill = async () => {
      for (let n = 0; n < 9; n += 1) await putBlob(upload(), { timeoutMs: 20_000 });
    };
    await expect(fill()).rejects.toMatchObject({ reason: "STORAGE_FULL" });
  } finally {
    storage.close();
  }
  for (const { name, sha256 } of first.outputs)
    expect(digestOf(await download(mesh.client, cached, name))).toBe(sha256);
});
