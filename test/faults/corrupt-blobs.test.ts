import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "@pixelmesh/bus";
import { type Job, JobState } from "@pixelmesh/client";
import { JobRecord } from "@pixelmesh/proto";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { download, effectStep, robot } from "@pixelmesh/testing/jobs";
import { connectTestBus } from "@pixelmesh/testing/processes";
import { afterAll, beforeAll, expect, test } from "vitest";

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh({ services: ["storage", "scheduler", "ingest", "effects", "upscale", "background"] });
});
afterAll(() => mesh?.[Symbol.asyncDispose]());

const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const pathOf = (sha256: string) => join(mesh.dataDir, "blobs", "blobs", sha256.slice(0, 2), sha256.slice(2, 4), sha256);

/** Flips a bit as a failing disk does: size and times stay the same. */
function flipBit(sha256: string): void {
  const path = pathOf(sha256);
  const { atimeMs, mtimeMs } = statSync(path);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 4;
  writeFileSync(path, bytes);
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
}

const isWhole = (sha256: string) => existsSync(pathOf(sha256)) && digestOf(readFileSync(pathOf(sha256))) === sha256;

function chain() {
  const contrast = 1 + Math.random() / 4;
  const steps = [effectStep("first", "black_and_white", { contrast }), effectStep("then", "pop_art", {}, "first")];
  return { steps, outputs: [{ name: "out", step: "then" }] };
}

async function run(pipeline: object, picture: object = { bytes: robot }): Promise<Job> {
  const { id } = await mesh.client.jobs.create({ pipeline, pictures: [picture] } as never);
  const job = await mesh.client.jobs.wait(id);
  expect(job.state, job.error?.message).toBe(JobState.SUCCEEDED);
  await untilReleased(digestOf(robot));
  return job;
}

/** Waits until the store has released the blobs of an ended job. After that only the test changes the file. */
async function untilReleased(sha256: string): Promise<void> {
  await expect.poll(() => statSync(pathOf(sha256)).mtimeMs).toBeLessThan(Date.now());
}

/** Digests of the frame between a job's steps, and of its output. */
async function storedOf({ id }: Job): Promise<{ frame: string; output: string }> {
  await using bus = await connectTestBus(mesh.brokerUrl());
  const record = (await (await openStore(bus, "jobs", JobRecord)).get(`record.${id}`))?.value;
  const frame = record?.steps[0]?.result?.frame?.sha256 ?? "";
  await untilReleased(frame);
  return {
    frame,
    output: record?.steps[1]?.result?.outputs[0]?.blob?.sha256 ?? "",
  };
}

test.each([
  ["output", "corrupt", flipBit],
  ["output", "gone", (sha256: string) => rmSync(pathOf(sha256))],
  ["frame", "corrupt", flipBit],
  ["frame", "gone", (sha256: string) => rmSync(pathOf(sha256))],
] as const)("a stored result whose %s is %s is computed again, not served", async (part, _, harm) => {
  const pipeline = chain();
  const before = await run(pipeline);
  const stored = await storedOf(before);
  const sha256 = stored[part];
  harm(sha256);
  const after = await run(pipeline);
  const bytes = await download(mesh.client, after, "out");
  expect(digestOf(bytes)).toBe(after.outputs[0]?.sha256);
  expect(digestOf(bytes)).toBe(before.outputs[0]?.sha256);
  expect(isWhole(sha256)).toBe(true);
  // Only the lost blob is computed again.
  expect(after.steps.map(({ cached }) => cached)).toEqual([part === "output", part === "frame"]);
});

test("uploaded bytes replace a corrupt picture, also where their digest is announced", async () => {
  const sha256 = digestOf(robot);
  await run(chain());
  for (const picture of [{ bytes: robot }, { bytes: robot, sha256 }]) {
    flipBit(sha256);
    await run(chain(), picture);
    expect(isWhole(sha256)).toBe(true);
  }
});

test("a corrupt picture is not accepted by its digest: the caller must send its bytes", async () => {
  const sha256 = digestOf(robot);
  await run(chain());
  flipBit(sha256);
  const creating = mesh.client.jobs.create({ pipeline: chain(), pictures: [{ sha256 }] } as never);
  await expect(creating).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });
  await run(chain());
  await run(chain(), { sha256 });
});

test("a download of a missing output fails before its first byte, as expired after its time", async () => {
  const job = await run(chain());
  const { output } = await storedOf(job);
  rmSync(pathOf(output));
  await expect(mesh.client.jobs.download(job.id, "out")).rejects.toMatchObject({ reason: "BLOB_NOT_FOUND" });

  await using bus = await connectTestBus(mesh.brokerUrl());
  const records = await openStore(bus, "jobs", JobRecord);
  const entry = await records.get(`record.${job.id}`);
  if (!entry) throw new Error("The job has no record");
  await records.update(`record.${job.id}`, { ...entry.value, outputsExpireUnixMs: Date.now() - 1 }, entry.revision);
  await expect(mesh.client.jobs.download(job.id, "out")).rejects.toMatchObject({ reason: "OUTPUT_EXPIRED" });
  expect((await mesh.client.jobs.get(job.id)).outputs[0]).toMatchObject({ ready: false, expired: true });
});
