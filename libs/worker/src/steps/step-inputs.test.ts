import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMarkedAsUntransferable } from "node:worker_threads";
import {
  contentOf,
  createFrame,
  createFrameStore,
  decodePicture,
  defaultLimits,
  encodeFrame,
  FRAME_MEDIA_TYPE,
  type Frame,
  isFrameFile,
  type Raster,
  toFrameBlob,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { Encoding, ImageFormat, WorkItem } from "@pixelmesh/proto";
import { robot } from "@pixelmesh/testing/jobs";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BlobClient } from "../storage/blob-client.ts";
import { createSharedPictures } from "./shared-pictures.ts";
import { type InputOptions, openStepInputs } from "./step-inputs.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "inputs-"));
});
afterEach(() => rm(dir, { recursive: true }));

const robotJpeg = { sha256: "a".repeat(64), sizeBytes: robot.length, mediaType: "image/jpeg" };
const robotFrame = { sha256: "b".repeat(64), sizeBytes: 0, mediaType: FRAME_MEDIA_TYPE };
const ownSize: InputOptions = { sizeOf: () => undefined, limits: defaultLimits };
const living = new AbortController().signal;

/** A process with one picture in storage, as a JPEG and as a frame. Reads wait until `open` resolves. */
async function startProcess({ picture = robot, maxFrameBytes = 2 ** 26, open = Promise.resolve() } = {}) {
  const reads: { readonly sha256: string; readonly signal: AbortSignal | undefined }[] = [];
  const { frame } = await decodePicture(new Uint8Array(picture), defaultLimits);
  const content = async (sha256: string, signal: AbortSignal | undefined) => {
    reads.push({ sha256, signal });
    await open;
    signal?.throwIfAborted();
    return sha256 === robotJpeg.sha256 ? contentOf(new Uint8Array(picture)) : toFrameBlob(frame);
  };
  const blobs: Pick<BlobClient, "get" | "read"> = {
    async get({ sha256 }, _maxBytes, signal) {
      const { parts } = await content(sha256, signal);
      return new Uint8Array(Buffer.concat(await Array.fromAsync(parts())));
    },
    async read(sha256, _maxBytes, signal) {
      const { sizeBytes, parts } = await content(sha256, signal);
      return { sizeBytes, parts: parts() };
    },
  };
  const pictures = createSharedPictures(() => createFrameStore(async () => dir, maxFrameBytes));
  return {
    frame,
    reads,
    /** A step of a job that takes one picture. */
    step(blob = robotJpeg, item: Parameters<typeof WorkItem.fromPartial>[0] = {}, options = ownSize) {
      const whole = WorkItem.fromPartial({ tenant: "t", jobId: "j", inputs: [{ blob }], ...item });
      return openStepInputs({ blobs: blobs as BlobClient, pictures }, whole, options);
    },
  };
}

const first = async (loading: Promise<readonly Raster[]>): Promise<Raster> => (await loading)[0] as Raster;
const asFrame = (raster: Raster): Frame => raster as Frame;

test("steps of one job that take the same picture read and decode it once, and get its pixels", async () => {
  const { step, reads, frame } = await startProcess();
  const steps = Array.from({ length: 5 }, () => step());
  const rasters = await Promise.all(steps.map((each) => first(each.load({ signal: living }))));
  expect(reads.length).toBe(1);
  expect(new Set(rasters).size).toBe(1);
  expect(await toWholeFrame(rasters[0] as Raster)).toEqual(frame);
});

test("another job, another tenant, another form of the picture and another size are loaded apart", async () => {
  const { step, reads } = await startProcess();
  const half = { ...ownSize, sizeOf: () => ({ widthPx: 200, heightPx: 240 }) };
  const steps = [step(), step(robotJpeg, { jobId: "other" }), step(robotJpeg, { tenant: "other" }), step(robotFrame)];
  const rasters = await Promise.all(
    [...steps, step(robotJpeg, {}, half)].map((each) => first(each.load({ signal: living }))),
  );
  expect(reads.length).toBe(5);
  expect(new Set(rasters).size).toBe(5);
  expect(rasters.map(({ widthPx }) => widthPx)).toEqual([400, 400, 400, 400, 200]);
});

test("an aborted step rejects with its reason, and the others get the picture that it began to load", async () => {
  const { promise: open, resolve } = Promise.withResolvers<void>();
  const { step, reads, frame } = await startProcess({ open });
  const ending = new AbortController();
  const [leaving, staying] = [step(), step()];
  const left = leaving.load({ signal: ending.signal });
  const stayed = first(staying.load({ signal: living }));
  ending.abort(new Error("cancelled"));
  await expect(left).rejects.toThrow("cancelled");
  await leaving.close(false);
  expect(reads[0]?.signal?.aborted).toBe(false);
  resolve();
  expect(await toWholeFrame(await stayed)).toEqual(frame);
  expect(reads.length).toBe(1);
});

test("a load is aborted when its last step has left, and the next step loads anew", async () => {
  const { promise: open, resolve } = Promise.withResolvers<void>();
  const { step, reads, frame } = await startProcess({ open });
  const steps = [step(), step()];
  const loads = steps.map((each) => each.load({ signal: living }));
  const ended = Promise.allSettled(loads);
  for (const each of steps) await each.close(false);
  expect(reads.map(({ signal }) => signal?.aborted)).toEqual([true]);
  const next = first(step().load({ signal: living }));
  resolve();
  expect(await toWholeFrame(await next)).toEqual(frame);
  expect((await ended).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(reads.length).toBe(2);
});

test("a failed load is the failure of all steps that wait for it, and not of a later one", async () => {
  let isThere = false;
  const open: PromiseLike<void> = {
    // biome-ignore lint/suspicious/noThenProperty: awaited for each read
    then: (onDone, onFailed) =>
      (isThere ? Promise.resolve() : Promise.reject(new Error("storage is away"))).then(onDone, onFailed),
  };
  const { step, frame } = await startProcess({ open: open as Promise<void> });
  const steps = [step(), step()];
  const loads = await Promise.allSettled(steps.map((each) => each.load({ signal: living })));
  expect(loads.map((load) => load.status === "rejected" && load.reason.message)).toEqual([
    "storage is away",
    "storage is away",
  ]);
  isThere = true;
  expect(await toWholeFrame(await first(step().load({ signal: living })))).toEqual(frame);
});

test("decoded pixels are freed with their last step, and not before", async () => {
  const { step } = await startProcess();
  const steps = [step(), step()] as const;
  const [raster] = await Promise.all(steps.map((each) => first(each.load({ signal: living }))));
  const { data } = asFrame(raster as Raster);
  const result = (await decodePicture(new Uint8Array(robot), defaultLimits)).frame;
  for (const each of steps) each.begin();
  await steps[0].release(result);
  await steps[0].close(true);
  expect(data.length).toBe(400 * 480 * 3);
  await steps[1].release(result);
  expect(data.length).toBe(0);
});

test("memory that failed work may still read is left to the garbage collector", async () => {
  const { step, frame } = await startProcess();
  const steps = [step(), step()] as const;
  const [raster] = await Promise.all(steps.map((each) => first(each.load({ signal: living }))));
  await steps[0].close(false);
  await steps[1].close(true);
  expect(asFrame(raster as Raster)).toEqual(frame);
});

test("a step whose result waits for storage does not hold the pictures that it has released", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const { step, frame } = await startProcess();
  const [failed, waiting] = [step(), step()];
  const load = async () => {
    const [raster] = await Promise.all([failed, waiting].map((each) => first(each.load({ signal: living }))));
    return new WeakRef(asFrame(raster as Raster).data);
  };
  const pixels = await load();
  await failed.close(false);
  await waiting.release(frame);
  await expect
    .poll(() => {
      gc();
      return pixels.deref() === undefined;
    })
    .toBe(true);
  await waiting.close(true);
});

test("pixels in memory that Node allocated are shared and released like those of libvips", async () => {
  const data = Uint8Array.from({ length: 60 * 40 * 2 }, (_, at) => (at * 37) % 256);
  const { bytes } = await encodeFrame(createFrame(60, 40, 2, data), Encoding.fromPartial({ format: ImageFormat.PNG }));
  const { step, frame } = await startProcess({ picture: Buffer.from(bytes) });
  expect(frame).toEqual(createFrame(60, 40, 2, data));
  const steps = [step(), step()] as const;
  const rasters = await Promise.all(steps.map((each) => first(each.load({ signal: living }))));
  expect(rasters.map((raster) => asFrame(raster))).toEqual([frame, frame]);
  for (const each of steps) each.begin();
  for (const each of steps) await each.release(createFrame(1, 1, 1));
});

test("a picture in a file is one file for all steps, removed with the last", async () => {
  const { step, frame } = await startProcess({ maxFrameBytes: 0 });
  const steps = [step(), step(), step()];
  const rasters = await Promise.all(steps.map((each) => first(each.load({ signal: living }))));
  expect(rasters.every(isFrameFile)).toBe(true);
  expect(await readdir(dir)).toHaveLength(1);
  await steps[0]?.close(false);
  await steps[1]?.release(frame);
  expect(await toWholeFrame(rasters[2] as Raster)).toEqual(frame);
  await steps[2]?.close(true);
  expect(await readdir(dir)).toEqual([]);
});

test("a step that returns its input keeps it until its result is stored", async () => {
  const { step, frame } = await startProcess();
  const [returning, other] = [step(), step()];
  const rasters = await Promise.all([returning, other].map((each) => first(each.load({ signal: living }))));
  const result = asFrame(rasters[0] as Raster);
  await other.release(frame);
  await returning.release(result);
  expect(returning.include(result)).toBe(true);
  expect(result).toEqual(frame);
  await returning.close(true);
  expect(result.data.length).toBe(0);
});

test("a step on its own may transfer the memory of a frame, and the next step reads it anew", async () => {
  const { step, reads, frame } = await startProcess();
  const [alone, later] = [step(robotFrame), step(robotFrame)];
  const { data } = asFrame(await first(alone.load({ signal: living })));
  alone.begin();
  expect(isMarkedAsUntransferable(data.buffer)).toBe(false);
  structuredClone(data, { transfer: [data.buffer as ArrayBuffer] });
  expect(await toWholeFrame(await first(later.load({ signal: living })))).toEqual(frame);
  expect(reads.length).toBe(2);
});

test("the memory of a frame is freed with the step that had it alone", async () => {
  const { step, frame } = await startProcess();
  const alone = step(robotFrame);
  const { data } = asFrame(await first(alone.load({ signal: living })));
  alone.begin();
  await alone.release(frame);
  expect(data.length).toBe(0);
});

test("the memory of a shared frame cannot be transferred by one of its steps", async () => {
  const { step, reads, frame } = await startProcess();
  const steps = [step(robotFrame), step(robotFrame)] as const;
  const [raster] = await Promise.all(steps.map((each) => first(each.load({ signal: living }))));
  const { data } = asFrame(raster as Raster);
  steps[0].begin();
  expect(isMarkedAsUntransferable(data.buffer)).toBe(true);
  // It can still be joined.
  const third = step(robotFrame);
  await third.load({ signal: living });
  expect(reads.length).toBe(1);
  for (const each of [...steps, third]) await each.release(frame);
});

test("steps of one job count as users of a beginning from their load to the end of their run", async () => {
  const { step } = await startProcess();
  const blur = { name: "blur", parameters: {} };
  const chain = (...names: string[]) => ({
    step: {
      operation: {
        $case: "applyEffects" as const,
        value: { effects: [blur, ...names.map((name) => ({ name, parameters: {} }))] },
      },
    },
    sharedEffects: { counts: [1] },
  });
  const [one, two, other] = [step(robotJpeg, chain("dither")), step(robotJpeg, chain("sepia")), step()];
  const loads = [one, two, other].map((each) => each.load({ signal: living }));
  expect(one.beginnings()?.counts).toEqual([1]);
  expect(one.beginnings()?.users(1)).toBe(2);
  expect(other.beginnings()).toBeUndefined();
  const raster = await first(loads[0] as Promise<readonly Raster[]>);
  const made = { shape: raster, raster };
  const got = await one.beginnings()?.get(1, async () => made, living);
  expect(await two.beginnings()?.get(1, () => Promise.reject(new Error("made twice")), living)).toBe(got);
  await one.release(createFrame(1, 1, 3));
  expect(two.beginnings()?.users(1)).toBe(1);
  expect(two.beginnings()?.has(1)).toBe(true);
  for (const each of [one, two, other]) await each.close(true);
  expect(two.beginnings()).toBeUndefined();
});
