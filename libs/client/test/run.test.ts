import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Mesh, startMesh } from "@pixelmesh/local-mesh";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type BatchResult,
  connectPixelmesh,
  JobState,
  type Pixelmesh,
  pipeline,
  type UploadProgress,
} from "../src/index.ts";

const root = mkdtempSync(join(tmpdir(), "pixelmesh-run-"));
const robot = join(import.meta.dirname, "../../../examples/portrait-object.jpg");
let mesh: Mesh;
let client: Pixelmesh;

beforeAll(async () => {
  const services = ["ingest", "scheduler", "storage", "effects", "upscale", "background"] as const;
  mesh = await startMesh({ dataDir: join(root, "mesh"), ports: "free", env: process.env, services });
  client = connectPixelmesh({ address: mesh.address });
});
afterAll(async () => {
  client?.close();
  await mesh?.stop(5_000);
  rmSync(root, { recursive: true, force: true });
});

test("a run creates a job, follows it and saves its outputs", async () => {
  const looks = pipeline()
    .prescale({ maxSidePx: 120 })
    .upscale(2)
    .output("large", { format: "png" })
    .removeBackground()
    .variant("dithered", (from) => from.effect("dither", { levels: 4 }), { format: "webp", lossless: true })
    .replaceBackground({ gradient: ["#ffffff", "#203040"] })
    .output("studio", { format: "jpeg" });
  const progress: number[] = [];
  const uploads: UploadProgress[] = [];
  const finished = await client.run(looks, robot, {
    onProgress: (job) => progress.push(job.progress),
    onUpload: (upload) => uploads.push(upload),
  });
  expect(finished.job.state).toBe(JobState.SUCCEEDED);
  expect(progress.at(-1)).toBe(1);
  const sizeBytes = readFileSync(robot).length;
  expect(uploads.at(-1)).toEqual({ sentBytes: sizeBytes, totalBytes: sizeBytes });

  const paths = await finished.saveOutputs(join(root, "out"));
  expect(paths.map((path) => path.slice(root.length))).toEqual([
    "/out/portrait-object.large.png",
    "/out/portrait-object.dithered.webp",
    "/out/portrait-object.studio.jpg",
  ]);
  expect(readdirSync(join(root, "out"))).toHaveLength(3);
  const [large, dithered, studio] = await Promise.all(paths.map((path) => sharp(path).metadata()));
  expect(large).toMatchObject({ format: "png", width: 200, height: 240, hasAlpha: false });
  expect(dithered).toMatchObject({ format: "webp", width: 200, height: 240, hasAlpha: true });
  expect(studio).toMatchObject({ format: "jpeg", width: 200, height: 240 });
  expect(Buffer.from(await finished.bytes())).toEqual(readFileSync(paths[0] as string));
});

test("a run throws the error of its job, and the mesh's refusal of a pipeline", async () => {
  const unsure = pipeline().removeBackground({ minConfidence: 1, onLowConfidence: "fail" });
  const failure = await client.run(unsure, robot).catch((error: unknown) => error);
  expect(failure).toMatchObject({ reason: "LOW_CONFIDENCE", metadata: { job_id: expect.stringMatching(/./) } });
  await expect(client.run(pipeline().effect("no-such"), robot)).rejects.toMatchObject({ reason: "UNKNOWN_EFFECT" });
  await expect(client.run(pipeline(), join(root, "missing.png"))).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
});

test("an aborted run cancels its job", async () => {
  const stop = new AbortController();
  const requestId = "aborted-run";
  const running = client.run(pipeline().upscale(4).upscale(2), robot, {
    requestId,
    noCache: true,
    signal: stop.signal,
    onProgress: () => stop.abort(),
  });
  await expect(running).rejects.toMatchObject({ reason: "CANCELLED" });
  const jobs = await Array.fromAsync(client.jobs.list());
  const id = jobs.find((job) => job.requestId === requestId)?.id as string;
  expect((await client.jobs.wait(id)).state).toBe(JobState.CANCELLED);
});

test("a batch gives each picture's result, and its handlers run a few at once", async () => {
  // Another file of the same name.
  const other = join(root, "portrait-object.jpg");
  copyFileSync(robot, other);
  const pictures = [
    robot,
    {
      name: "bytes",
      bytes: await sharp({ create: { width: 30, height: 20, channels: 3, background: "#336699" } })
        .png()
        .toBuffer(),
    },
    { name: "broken", bytes: Buffer.from("no picture") },
    other,
    ...Array.from({ length: 5 }, (_, at) => ({ name: `small-${at}`, bytes: readFileSync(robot) })),
  ];
  const results: BatchResult[] = [];
  let [open, most] = [0, 0];
  const batch = await client.runBatch(
    pipeline().prescale({ maxSidePx: 64 }).effect("invert").output("inverted", { format: "png" }),
    pictures,
    {
      concurrency: 2,
      async onResult(result) {
        open += 1;
        most = Math.max(most, open);
        results.push(result);
        const isFile = result.name === "portrait-object";
        await result.finished?.saveOutputs(join(root, "batch"), isFile ? {} : { stem: result.name });
        open -= 1;
      },
    },
  );
  expect(batch).toMatchObject({ jobsTotal: 9, jobsSucceeded: 8, jobsFailed: 1 });
  expect(results.map(({ index }) => index).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(results.find(({ name }) => name === "broken")?.error).toMatchObject({ reason: "IMAGE_TYPE_UNSUPPORTED" });
  expect(most).toBeLessThanOrEqual(2);
  expect(readdirSync(join(root, "batch")).sort()).toEqual([
    "bytes.inverted.png",
    "portrait-object-2.inverted.png",
    "portrait-object.inverted.png",
    ...Array.from({ length: 5 }, (_, at) => `small-${at}.inverted.png`),
  ]);
  const pixel = await sharp(join(root, "batch/bytes.inverted.png")).raw().toBuffer();
  expect([...pixel.subarray(0, 3)]).toEqual([0xcc, 0x99, 0x66]);
});

test("a handler that fails ends the run of a batch with its error", async () => {
  const failing = client.runBatch(pipeline().effect("invert"), [robot], {
    onResult() {
      throw new Error("disk full");
    },
  });
  await expect(failing).rejects.toThrow("disk full");
});
