import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  blurFrame,
  createFrame,
  createFrameStore,
  createRasterSink,
  type Frame,
  type FrameStore,
  isFrameFile,
  memoryFrameStore,
  type Raster,
  resizeFrame,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { Step } from "@pixelmesh/proto";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { cutOutFrame } from "../domain/cut-out/remove-background.ts";
import { replaceBackground } from "../domain/replace/compose.ts";
import { parseReplacement } from "../domain/replace/parse-replacement.ts";
import { createPictureWork } from "../threads/picture-work.ts";
import { createReplaceHandler } from "./replace-step.ts";

const noise = (widthPx: number, heightPx: number, channels: 1 | 2 | 3 | 4): Frame => {
  const bytes = { length: widthPx * heightPx * channels };
  return createFrame(
    widthPx,
    heightPx,
    channels,
    Uint8Array.from(bytes, (_, at) => (at * 2_654_435_761) >>> 24),
  );
};
const context = {
  signal: new AbortController().signal,
  onProgress() {},
  retryAfterOutOfMemory: (error: unknown) => Promise.reject(error),
  nextSlot: () => Promise.reject(new Error("no other slot")),
};

// One thread for all tests, because a thread takes long to start.
const work = createPictureWork({ threads: 1, loopPixels: 0 });
afterAll(work.close);

test("composition and cut-out in a thread and on the event loop are bit-identical", async () => {
  const inputs = () => [noise(200, 120, 4), noise(200, 120, 3)] as const;
  const operation = {
    $case: "replaceBackground",
    value: { background: { $case: "blurSigmaPx", value: 3 } },
  } as const;
  const composed = await createReplaceHandler(work).run(Step.fromPartial({ id: "b", operation }), inputs(), {
    ...context,
    option: { tilePx: 0, batch: 1, peakBytes: 0, computeTokens: 1 },
    slotId: "s",
    deviceId: "d",
    onRenewed() {},
  });
  const [cutOut, picture] = inputs();
  const options = { picture, resize: resizeFrame, blur: blurFrame };
  const here = await replaceBackground(cutOut, { kind: "blur", sigmaPx: 3 }, options);
  expect(Buffer.compare(composed.frame.data, here.data)).toBe(0);

  const matte = {
    widthPx: 16,
    heightPx: 16,
    data: Float32Array.from({ length: 256 }, (_, at) => (at % 16 < 8 ? 1 : 0)),
  };
  const task = () => ({
    frame: noise(200, 120, 3),
    guide: noise(32, 19, 3),
    matte: { ...matte, data: matte.data.slice() },
  });
  const there = await toWholeFrame(await work.run({ kind: "cutOut", ...task() }, memoryFrameStore, context));
  expect(Buffer.compare(there.data, (await cutOutFrame(task())).data)).toBe(0);

  const onLoop = createPictureWork({ threads: 1 });
  onTestFinished(onLoop.close);
  const beside = await toWholeFrame(await onLoop.run({ kind: "cutOut", ...task() }, memoryFrameStore, context));
  expectSame(beside, there);
  const reason = new Error("stop");
  const aborted = { ...context, signal: AbortSignal.abort(reason) };
  await expect(onLoop.run({ kind: "cutOut", ...task() }, memoryFrameStore, aborted)).rejects.toBe(reason);
});

async function toRaster({ widthPx, heightPx, channels, data }: Frame, frameStore: FrameStore): Promise<Raster> {
  const sink = await createRasterSink({ widthPx, heightPx, channels }, frameStore);
  await sink.writeRows(0, data);
  return sink.end();
}
/** Expects two frames of the same size with the same samples. Quicker than `toEqual`, which compares sample by sample. */
function expectSame(found: Frame, { widthPx, heightPx, channels, data }: Frame): void {
  expect([found.widthPx, found.heightPx, found.channels]).toEqual([widthPx, heightPx, channels]);
  expect(Buffer.compare(found.data, data)).toBe(0);
}
async function openFiles(): Promise<FrameStore> {
  const dir = await mkdtemp(join(tmpdir(), "background-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  // Everything becomes a file.
  return createFrameStore(async () => dir, 0);
}
const option = { tilePx: 0, batch: 1, peakBytes: 0, computeTokens: 1 };

test.each([
  ["a colour", { $case: "color", value: "#10c0ff" } as const, undefined],
  ["a picture of another shape", { $case: "picture", value: {} } as const, [311, 97] as const],
  ["a narrow blur", { $case: "blurSigmaPx", value: 3 } as const, [230, 321] as const],
  ["a wide blur", { $case: "blurSigmaPx", value: 21 } as const, [230, 321] as const],
])("%s behind a cut-out in a file is bit-identical to the one in memory", async (_what, background, size) => {
  const frameStore = await openFiles();
  const handler = createReplaceHandler(work);
  const step = Step.fromPartial({ id: "b", operation: { $case: "replaceBackground", value: { background } } });
  const frames = () => [noise(230, 321, 4), ...(size ? [noise(size[0], size[1], 3)] : [])];
  const rest = { ...context, option, slotId: "s", deviceId: "d", onRenewed() {} };
  const files = await Promise.all(frames().map((frame) => toRaster(frame, frameStore)));
  const { frame: result } = await handler.runRasters(step, files, { ...rest, frameStore });
  expect(isFrameFile(result)).toBe(true);
  const [cutOut, picture] = frames();
  const tools = { picture, resize: resizeFrame, blur: blurFrame };
  const wanted = await replaceBackground(cutOut as Frame, parseReplacement({ background }), tools);
  expectSame(await toWholeFrame(result), wanted);
  expectSame((await handler.run(step, frames(), rest)).frame, wanted);
  await frameStore.close();
});

test.each([1, 2, 3, 4] as const)(
  "a cut-out of a file of %i channels is bit-identical to the one in memory",
  async (channels) => {
    const frameStore = await openFiles();
    const values = Float32Array.from({ length: 256 }, (_, at) => (at % 16 < 8 ? 1 : at % 16 < 10 ? 0.5 : 0));
    const frame = noise(200, 133, channels);
    const task = () => ({
      guide: noise(32, 21, channels),
      matte: { widthPx: 16, heightPx: 16, data: values.slice() },
    });
    const file = await toRaster(frame, frameStore);
    const result = await work.run({ kind: "cutOut", frame: file, ...task() }, frameStore, context);
    expect(isFrameFile(result)).toBe(true);
    expectSame(await toWholeFrame(result), await cutOutFrame({ frame, ...task() }));
    await frameStore.close();
  },
);
