import { createHash, randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectPixelmesh, ImageFormat, type Job, JobState, type Pixelmesh } from "@pixelmesh/client";
import { JobServiceDefinition } from "@pixelmesh/proto";
import { connectRpc } from "@pixelmesh/rpc";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep } from "@pixelmesh/testing/jobs";
import sharp from "sharp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { runProcess } from "../../libs/cli/test/spawn-cli.ts";

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startTestMesh({ services: ["ingest", "scheduler", "storage", "effects", "gateway"] });
}, 120_000);
afterAll(() => mesh?.[Symbol.asyncDispose]());

const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const pipeline = () => ({ steps: [effectStep("fx", "black_and_white", { contrast: 1 + Math.random() / 4 })] });

/** A new picture of about 1.4 MB. */
function picture(): Promise<Buffer> {
  const raw = { width: 700, height: 700, channels: 3 as const };
  return sharp(randomBytes(raw.width * raw.height * 3), { raw })
    .png({ compressionLevel: 0 })
    .toBuffer();
}

function connectAs(tenant: string): Pixelmesh {
  const client = connectPixelmesh({ address: mesh.address, tenant });
  onTestFinished(() => client.close());
  return client;
}

function rpcAs(tenant: string) {
  const connection = connectRpc(mesh.address, { tenant });
  onTestFinished(() => connection.close());
  return connection.client(JobServiceDefinition);
}

/** The calls that a service has ended, by method. */
async function callsOf(service: string): Promise<Record<string, number>> {
  const url = mesh.processes().find(({ name }) => name === service)?.metrics ?? "";
  const page = await (await fetch(url)).text();
  const calls: Record<string, number> = {};
  for (const [, labels, count] of page.matchAll(/^rpc_server_call_duration_seconds_count\{(.*)\} (\d+)$/gm)) {
    const method = /rpc_method="(?:[^"]*\/)?([^"/]*)"/.exec(labels!)?.[1] ?? "";
    calls[method] = (calls[method] ?? 0) + Number(count);
  }
  return calls;
}

/** Runs a job with an account of the bytes that were sent. */
async function run(client: Pixelmesh, bytes: Uint8Array): Promise<{ job: Job; sentBytes: number }> {
  let sentBytes = 0;
  const onUpload = (progress: { sentBytes: number }) => {
    sentBytes = progress.sentBytes;
  };
  const { job } = await client.run(pipeline(), { bytes }, { onUpload });
  expect(job.state).toBe(JobState.SUCCEEDED);
  return { job, sentBytes };
}

test("a picture that the tenant has sent is not sent again, and one of another tenant is", async () => {
  const bytes = await picture();
  const [ann, bob] = [connectAs("ann"), connectAs("bob")];
  expect((await run(ann, bytes)).sentBytes).toBe(bytes.length);
  expect((await run(ann, bytes)).sentBytes).toBe(0);
  expect((await run(bob, bytes)).sentBytes).toBe(bytes.length);
  expect((await run(bob, bytes)).sentBytes).toBe(0);
});

test("the answer about a picture of another tenant costs the same work as about one that was never sent", async () => {
  const bytes = await picture();
  await run(connectAs("ann"), bytes);
  const bob = rpcAs("bob");
  const idle = await callsOf("storage");
  expect((await bob.findPictures({ sha256: [digestOf(bytes), "a".repeat(64)], keep: true })).pictures).toEqual([]);
  expect((await bob.findPictures({ sha256: [digestOf(bytes), "a".repeat(64)], keep: false })).pictures).toEqual([]);
  // Storage was asked about neither, so its state cannot show in the time of the answer.
  const asked = await callsOf("storage");
  for (const method of ["StatBlob", "GetBlob", "GetSmallBlob"]) expect(asked[method], method).toBe(idle[method]);
  const ann = rpcAs("ann");
  const { pictures } = await ann.findPictures({ sha256: ["a".repeat(64), digestOf(bytes)], keep: true });
  expect(pictures).toMatchObject([
    { blob: { sha256: digestOf(bytes), sizeBytes: bytes.length }, info: { widthPx: 700 } },
  ]);
  expect(pictures[0]!.keepUntilUnixMs).toBeGreaterThan(Date.now() + 3_500_000);
});

test("a picture that is no longer stored is sent; a later answer does not show that another tenant stored it again", async () => {
  const bytes = await picture();
  const [ann, bob] = [connectAs("ann"), connectAs("bob")];
  await ann.batches.upload(bytes);
  const sha256 = digestOf(bytes);
  rmSync(join(mesh.dataDir, "blobs", "blobs", sha256.slice(0, 2), sha256.slice(2, 4), sha256));
  expect((await rpcAs("ann").findPictures({ sha256: [sha256], keep: false })).pictures).toEqual([]);
  await bob.batches.upload(bytes);
  expect((await rpcAs("ann").findPictures({ sha256: [sha256], keep: false })).pictures).toEqual([]);
  expect((await run(ann, bytes)).sentBytes).toBe(bytes.length);
});

test("wrong lists of digests are refused with the field", async () => {
  const rpc = rpcAs("ann");
  await expect(rpc.findPictures({ sha256: [], keep: false })).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
  await expect(rpc.findPictures({ sha256: ["x"], keep: false })).rejects.toThrow("sha256[0]");
  const many = Array.from({ length: 101 }, () => "a".repeat(64));
  await expect(rpc.findPictures({ sha256: many, keep: false })).rejects.toThrow("1 to 100");
});

test("the command line and batches send a file once", async () => {
  const file = join(mesh.dataDir, "once.png");
  writeFileSync(file, await picture());
  const args = ["run", file, "--effect", "invert", "--no-cache", "--format", "png", "--out-dir", mesh.dataDir];
  args.push("--address", mesh.address);
  const sent = async () => {
    const calls = await callsOf("storage");
    return (calls.PutBlob ?? 0) + (calls.PutSmallBlob ?? 0);
  };
  const before = await sent();
  expect((await runProcess(args)).exitCode).toBe(0);
  const first = (await sent()) - before;
  expect((await runProcess(args)).exitCode).toBe(0);
  const second = (await sent()) - before - first;
  // The first run stores picture and result. The second one has the picture there, and the worker finds that its result is.
  expect([first, second]).toEqual([2, 0]);
  const uploads = (await callsOf("ingest")).UploadPicture ?? 0;
  const client = connectPixelmesh({ address: mesh.address });
  onTestFinished(() => client.close());
  await client.runBatch(pipeline(), [file, file]);
  expect((await callsOf("ingest")).UploadPicture ?? 0).toBe(uploads);
});

test("a repeated step sends no byte that storage has, and its result is verified there", async () => {
  const bytes = await picture();
  const steps = [effectStep("first", "invert"), effectStep("then", "black_and_white", {}, "first")];
  const outputs = [{ name: "out", step: "then", encoding: { format: ImageFormat.PNG } }];
  const client = connectAs("ann");
  const runOnce = async (noCache: boolean) => {
    const { job } = await client.run({ steps, outputs } as never, { bytes }, { noCache });
    return job.outputs[0]!.sha256;
  };
  const sha256 = await runOnce(false);
  const stored = (await callsOf("storage")).PutBlob ?? 0;
  expect(await runOnce(true)).toBe(sha256);
  // The frame between the steps is sent again: only a step that is known to be repeated asks for it.
  expect(((await callsOf("storage")).PutBlob ?? 0) - stored).toBe(1);
});

test("by HTTP the digests are asked for first, and a job names a picture by its digest", async () => {
  const bytes = await picture();
  const url = `http://${mesh.processes().find(({ name }) => name === "gateway")?.grpc}`;
  const ask = async (body: unknown) => {
    const response = await fetch(`${url}/v1/pictures:find`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const sha256 = digestOf(bytes);
  const named = `${url}/v1/images/effects?effect=invert&format=png&source_sha256=${sha256}`;
  expect(await ask({ sha256: [sha256] })).toEqual({ status: 200, body: { pictures: [], missing: [sha256] } });
  const refused = await fetch(named, { method: "POST" });
  expect([refused.status, ((await refused.json()) as { reason: string }).reason]).toEqual([404, "BLOB_NOT_FOUND"]);
  const headers = { "content-type": "image/png" };
  await fetch(`${url}/v1/pictures?sha256=${sha256}`, { method: "POST", headers, body: bytes });
  expect(await ask({ sha256: [sha256], keep: true })).toMatchObject({
    body: { pictures: [{ sha256, info: { widthPx: 700 } }], missing: [] },
  });
  const made = await fetch(named, { method: "POST" });
  const inverted = await sharp(Buffer.from(await made.arrayBuffer()))
    .raw()
    .toBuffer();
  const expected = (await sharp(bytes).raw().toBuffer()).map((value) => 255 - value);
  expect(inverted.equals(expected)).toBe(true);
  expect((await ask({ sha256: ["x"] })).status).toBe(400);
  const both = await fetch(`${named}&source_url=https://example.org/a.png`, { method: "POST" });
  expect(both.status).toBe(400);
});
