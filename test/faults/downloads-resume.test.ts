import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectPixelmesh, ImageFormat, type Job, JobState } from "@pixelmesh/client";
import { startTestMesh, type TestMesh } from "@pixelmesh/testing";
import { effectStep } from "@pixelmesh/testing/jobs";
import sharp from "sharp";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startCuttingProxy } from "../support/cutting-proxy.ts";

const mib = 1024 * 1024;
const cli = fileURLToPath(new URL("../../bin/pixelmesh", import.meta.url));

let mesh: TestMesh;
let job: Job;
/** Larger than what connections and kernel buffers hold, so that a download is under way while its reader pauses. */
let sizeBytes: number;
let sha256: string;

beforeAll(async () => {
  mesh = await startTestMesh({ services: ["ingest", "scheduler", "storage", "effects", "gateway"] });
  const raw = { width: 2_600, height: 2_400, channels: 3 as const };
  const noise = await sharp(randomBytes(raw.width * raw.height * 3), { raw })
    .png({ compressionLevel: 0 })
    .toBuffer();
  const pipeline = {
    steps: [effectStep("fx", "invert")],
    outputs: [{ name: "out", step: "fx", encoding: { format: ImageFormat.PNG } }],
  };
  const { id } = await mesh.client.jobs.create({ pipeline, pictures: [{ bytes: noise }] } as never);
  job = await mesh.client.jobs.wait(id);
  expect(job.state, job.error?.message).toBe(JobState.SUCCEEDED);
  ({ sizeBytes, sha256 } = job.outputs[0]!);
  expect(sizeBytes).toBeGreaterThan(16 * mib);
}, 120_000);
afterAll(() => mesh?.[Symbol.asyncDispose]());

const restarts = (name: string) =>
  mesh.events().filter((event) => event.kind === "restarted" && "name" in event && event.name === name).length;

/** Kills a service with SIGKILL and waits until it serves again. */
async function killAndRestart(name: "ingest" | "storage"): Promise<void> {
  const before = restarts(name);
  mesh.kill(name, "SIGKILL");
  await expect.poll(() => restarts(name), { timeout: 60_000 }).toBeGreaterThan(before);
}

/** Reads all chunks and calls `act` after the first. Returns digest and length. */
async function readAll(chunks: AsyncIterable<Uint8Array>, act: () => Promise<unknown>) {
  const sum = createHash("sha256");
  let length = 0;
  for await (const chunk of chunks) {
    if (length === 0) await act();
    sum.update(chunk);
    length += chunk.length;
  }
  return { sha256: sum.digest("hex"), sizeBytes: length };
}

function createFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pixelmesh-resume-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test.each(["ingest", "storage"] as const)("a download of the SDK goes on after %s is killed", async (name) => {
  const { chunks } = await mesh.client.jobs.download(job.id, "out");
  expect(await readAll(chunks, () => killAndRestart(name))).toEqual({ sha256, sizeBytes });
});

test.each(["ingest", "storage"] as const)("a download by HTTP goes on after %s is killed", async (name) => {
  const gateway = mesh.processes().find((each) => each.name === "gateway")?.grpc;
  const response = await fetch(`http://${gateway}/v1/jobs/${job.id}/outputs/out`);
  expect(response.headers.get("etag")).toBe(`"${sha256}"`);
  expect(await readAll(response.body!, () => killAndRestart(name))).toEqual({ sha256, sizeBytes });
});

test("a connection that is reset at many offsets loses and repeats no byte", async () => {
  const cuts = [1, 20_000, 300_000, mib, mib + 1, 2 * mib, 3 * mib, 3 * mib];
  const proxy = await startCuttingProxy(mesh.address, cuts);
  const client = connectPixelmesh({ address: proxy.address });
  onTestFinished(() => client.close());
  const { chunks } = await client.jobs.download(job.id, "out");
  expect(await readAll(chunks, async () => {})).toEqual({ sha256, sizeBytes });
  expect(proxy.resets()).toBe(cuts.length);
});

test("the command line saves the whole file through a connection that breaks, under its name at the end only", async () => {
  const folder = createFolder();
  const proxy = await startCuttingProxy(mesh.address, [100_000, 4 * mib, 5 * mib, mib]);
  const args = ["jobs", "download", job.id, "--out-dir", folder, "--address", proxy.address];
  const child = spawn(cli, args, { stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (text) => (errors += text));
  const names = new Set<string>();
  const looking = setInterval(() => {
    for (const name of readdirSync(folder)) names.add(name);
  }, 5);
  const [code] = await once(child, "close");
  clearInterval(looking);
  expect(code, errors).toBe(0);
  expect(proxy.resets()).toBe(4);
  const [name] = readdirSync(folder);
  const bytes = readFileSync(join(folder, name!));
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
  // Besides the file there was only a part of another name.
  for (const seen of names) if (seen !== name) expect(seen).toMatch(/\.part$/);
});

test("a killed command leaves no file under the name of the output", async () => {
  const folder = createFolder();
  const child = spawn(cli, ["jobs", "download", job.id, "--out-dir", folder, "--address", mesh.address], {
    stdio: "ignore",
  });
  await expect.poll(() => readdirSync(folder), { interval: 1, timeout: 30_000 }).not.toEqual([]);
  child.kill("SIGKILL");
  await once(child, "exit");
  for (const name of readdirSync(folder)) {
    const isWhole = readFileSync(join(folder, name)).length === sizeBytes;
    if (!isWhole) expect(name).toMatch(/\.part$/);
  }
});

test("a download that makes no progress ends within its time for retries", async () => {
  const proxy = await startCuttingProxy(
    mesh.address,
    Array.from({ length: 1_000 }, () => 1),
  );
  const client = connectPixelmesh({ address: proxy.address, retryTimeoutMs: 2_000 });
  onTestFinished(() => client.close());
  await expect(client.jobs.download(job.id, "out")).rejects.toMatchObject({ reason: "SERVICE_UNAVAILABLE" });
});

test("an HTTP client that lost its connection fetches the rest by a range, for the same digest only", async () => {
  const gateway = mesh.processes().find((each) => each.name === "gateway")?.grpc ?? "";
  const proxy = await startCuttingProxy(gateway, [5 * mib]);
  const path = `/v1/jobs/${job.id}/outputs/out`;
  const broken = await fetch(`http://${proxy.address}${path}`);
  const parts: Uint8Array[] = [];
  await expect(
    (async () => {
      for await (const part of broken.body!) parts.push(part);
    })(),
  ).rejects.toThrow();
  const got = Buffer.concat(parts);
  expect(got.length).toBeGreaterThan(0);
  const headers = { range: `bytes=${got.length}-`, "if-range": broken.headers.get("etag") ?? "" };
  const rest = await fetch(`http://${gateway}${path}`, { headers });
  expect(rest.status).toBe(206);
  const whole = Buffer.concat([got, Buffer.from(await rest.arrayBuffer())]);
  expect(createHash("sha256").update(whole).digest("hex")).toBe(sha256);
});
