import { createHash } from "node:crypto";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImageFormat, JobState } from "@pixelmesh/client";
import { DownloadOutputRequest, GetBlobRequest, PrescaleImageRequest } from "@pixelmesh/proto";
import { toChunks } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { download, step } from "@pixelmesh/testing/jobs";
import { countBlobsOpen, readPeakMemory, resetPeakMemory } from "@pixelmesh/testing/processes";
import sharp from "sharp";
import { describe, expect, onTestFinished, test } from "vitest";
import { connectRaw, enhanceYourCalm, frameOf, type RawCall } from "../support/raw-grpc.ts";

const readers = 100;
/** Memory of a process besides that for downloads: streams, their messages in flight, garbage. */
const noiseMib = 120;

/** A picture of 3 bytes a pixel that does not compress. */
function noise(width: number, height: number): Promise<Buffer> {
  const gaussian = { type: "gaussian" as const, mean: 128, sigma: 60 };
  return sharp({ create: { width, height, channels: 3, background: "#888", noise: gaussian } })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

async function startWithOutput(env: Record<string, string>) {
  const mesh = await startTestMesh({ env });
  onTestFinished(() => mesh[Symbol.asyncDispose]());
  const pipeline = {
    steps: [step("same", { $case: "prescale", value: { maxSidePx: 4_000, maxPixels: 0 } })],
    outputs: [{ name: "result", step: "same", encoding: { format: ImageFormat.PNG } }],
  };
  const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: await noise(2_400, 1_800) }] });
  const job = await mesh.client.jobs.wait(id);
  expect(job.state).toBe(JobState.SUCCEEDED);
  const { sha256 } = job.outputs[0]!;
  return { mesh, job, sha256 };
}

const find = (mesh: TestMesh, service: string) => {
  const found = mesh.processes().find(({ name }) => name === service);
  if (!found) throw new Error(`No process of ${service}`);
  return found;
};

/** Opens calls over several connections and never reads their responses. */
async function openUnread(
  mesh: TestMesh,
  service: string,
  path: string,
  messages: readonly Uint8Array[],
  count: number = readers,
) {
  const { grpc } = find(mesh, service);
  const connections = await Promise.all(Array.from({ length: 5 }, () => connectRaw(grpc)));
  onTestFinished(() => {
    for (const connection of connections) connection.close();
  });
  return Array.from({ length: count }, (_, at): RawCall => {
    const call = connections[at % connections.length]!.call(path);
    call.stream.end(Buffer.concat(messages.map(frameOf)));
    return call;
  });
}
const countBegun = (calls: readonly RawCall[]) => {
  let begun = 0;
  for (const { stream } of calls) stream.once("response", () => begun++);
  return () => begun;
};

const getBlob = "/pixelmesh.storage.v1.StorageService/GetBlob";
const downloadOutput = "/pixelmesh.jobs.v1.JobService/DownloadOutput";
const prescale = "/pixelmesh.ingest.v1.IngestService/PrescaleImage";

describe("downloads that the client does not read", { timeout: 240_000 }, () => {
  test("take no more than the memory for downloads, in storage and in ingest, and end after the stall timeout", async () => {
    const stalls = { PIXELMESH_RPC_STALL_TIMEOUT: "15s" };
    const { mesh, job, sha256 } = await startWithOutput(stalls);
    // One of each first, so that memory that stays after it does not count as growth.
    await download(mesh.client, job, "result");
    const pids = mesh.processes().map(({ pid }) => pid);

    for (const [services, path, message] of [
      [["storage"], getBlob, GetBlobRequest.encode(GetBlobRequest.fromPartial({ sha256 })).finish()],
      [
        ["ingest", "storage"],
        downloadOutput,
        DownloadOutputRequest.encode(DownloadOutputRequest.fromPartial({ jobId: job.id, output: "result" })).finish(),
      ],
    ] as const) {
      const before = services.map((service) => resetPeakMemory(find(mesh, service).pid));
      const calls = await openUnread(mesh, services[0], path, [message]);
      const begun = countBegun(calls);
      const ends = Promise.all(calls.map((call) => new Promise<void>((resolve) => call.stream.once("close", resolve))));
      await expect.poll(begun).toBe(readers);
      await expect.poll(() => (services.length === 1 ? countBlobsOpen(mesh) > 50 : true)).toBe(true);
      const grown = services.map((service, at) => readPeakMemory(find(mesh, service).pid) - before[at]!);
      for (const grownMib of grown) expect(grownMib).toBeLessThan(128 + noiseMib);
      // The server resets them, which reaches also a client that does not read.
      await ends;
      for (const { stream } of calls) expect([enhanceYourCalm, 0]).toContain(stream.rstCode);
      await expect.poll(() => countBlobsOpen(mesh)).toBe(0);
    }
    expect(mesh.processes().map(({ pid }) => pid)).toEqual(pids);
    const bytes = await download(mesh.client, job, "result");
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
  });

  test("unread responses of direct calls lie in files where memory for downloads is short", async () => {
    const scratchDir = mkdtempSync(join(tmpdir(), "pixelmesh-unread-"));
    const env = { PIXELMESH_INGEST_DOWNLOAD_MEMORY: "6MiB", PIXELMESH_SCRATCH_DIR: scratchDir };
    const mesh = await startTestMesh({ env });
    onTestFinished(async () => {
      await mesh[Symbol.asyncDispose]();
      rmSync(scratchDir, { recursive: true, force: true });
    });
    const part = (value: object) => PrescaleImageRequest.encode(PrescaleImageRequest.fromPartial(value)).finish();
    const operation = { maxSidePx: 4_000 };
    const header = part({ part: { $case: "header", value: { operation, encoding: { format: ImageFormat.PNG } } } });
    const chunks = [...toChunks(await noise(800, 600))].map((value) => part({ part: { $case: "chunk", value } }));
    const countAnswers = () => globSync("**/*.answer", { cwd: scratchDir }).length;

    // About 1.4 MB each: 6 MiB hold two of them. A file exists while its call waits for memory to read it.
    const calls = await openUnread(mesh, "ingest", prescale, [header, ...chunks], 10);
    await expect.poll(countAnswers, { timeout: 120_000, interval: 20 }).toBeGreaterThan(0);
    const ends = await Promise.all(calls.map((call) => call.read()));
    expect(ends.filter(({ status }) => status === 0).length).toBeGreaterThan(1);
    for (const end of ends) if (end.status !== 0) expect(end).toMatchObject({ status: 8, reason: "QUEUE_FULL" });
    await expect.poll(countAnswers).toBe(0);
  });

  test("downloads above their memory are refused with RESOURCE_EXHAUSTED within the longest wait", async () => {
    const small = { PIXELMESH_STORAGE_DOWNLOAD_MEMORY: "8MiB", PIXELMESH_INGEST_DOWNLOAD_MEMORY: "8MiB" };
    const { mesh, job, sha256 } = await startWithOutput(small);
    for (const [service, path, message] of [
      ["storage", getBlob, GetBlobRequest.encode(GetBlobRequest.fromPartial({ sha256 })).finish()],
      [
        "ingest",
        downloadOutput,
        DownloadOutputRequest.encode(DownloadOutputRequest.fromPartial({ jobId: job.id, output: "result" })).finish(),
      ],
    ] as const) {
      const calls = await openUnread(mesh, service, path, [message]);
      const refused: object[] = [];
      const held: RawCall[] = [];
      await Promise.all(
        calls.map(async (call) => {
          const head = await new Promise<Record<string, unknown>>((resolve) => call.stream.once("response", resolve));
          if ("grpc-status" in head) refused.push(await call.read());
          else held.push(call);
        }),
      );
      // 8 MiB are six shares of 1.25 MiB.
      expect(held.length).toBe(6);
      for (const end of refused) expect(end).toMatchObject({ status: 8, reason: "QUEUE_FULL" });
      // Downloads that have memory are not disturbed: read now, they arrive complete.
      expect(await held[0]!.read()).toMatchObject({ status: 0 });
      for (const call of held.slice(1)) call.stream.close();
    }
    await download(mesh.client, job, "result");
  });
});
