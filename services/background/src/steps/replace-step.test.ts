import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  blurFrame,
  createFrame,
  createRasterSink,
  createRoom,
  type Frame,
  isFrameFile,
  lendRoom,
  type Raster,
  type Room,
  resizeFrame,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { Step } from "@pixelmesh/proto";
import { expect, onTestFinished, test } from "vitest";
import { replaceBackground } from "../domain/compose.ts";
import { cutOutFrame } from "../domain/remove.ts";
import { parseReplacement } from "../domain/replacement.ts";
import { createPictureThreads } from "../threads/picture-threads.ts";
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
  again: (error: unknown) => Promise.reject(error),
};

test("what is composed and cut out in a thread is the same to the last bit", async () => {
  const threads = createPictureThreads(1);
  onTestFinished(threads.close);
  const inputs = () => [noise(200, 120, 4), noise(200, 120, 3)] as const;
  const operation = {
    $case: "replaceBackground",
    value: { background: { $case: "blurSigmaPx", value: 3 } },
  } as const;
  const composed = await createReplaceHandler(threads).run(Step.fromPartial({ id: "b", operation }), inputs(), {
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
  const there = await toWholeFrame(await threads.run({ kind: "cutOut", ...task() }, context));
  expect(Buffer.compare(there.data, (await cutOutFrame(task())).data)).toBe(0);
});

async function toRaster({ widthPx, heightPx, channels, data }: Frame, room: Room): Promise<Raster> {
  const sink = await createRasterSink({ widthPx, heightPx, channels }, room);
  await sink.writeRows(0, data);
  return sink.end();
}
async function openFiles(): Promise<Room> {
  const dir = await mkdtemp(join(tmpdir(), "background-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  // Nothing fits memory here.
  return createRoom(async () => dir, 0);
}
const option = { tilePx: 0, batch: 1, peakBytes: 0, computeTokens: 1 };

test.each([
  ["a colour", { $case: "color", value: "#10c0ff" } as const, undefined],
  ["a picture of another shape", { $case: "picture", value: {} } as const, [311, 97] as const],
  ["a narrow blur", { $case: "blurSigmaPx", value: 3 } as const, [230, 321] as const],
  ["a wide blur", { $case: "blurSigmaPx", value: 21 } as const, [230, 321] as const],
])("%s behind a cut-out in a file is what it is in memory, bit for bit", async (_what, background, size) => {
  const threads = createPictureThreads(1);
  onTestFinished(threads.close);
  const room = await openFiles();
  const handler = createReplaceHandler(threads);
  const step = Step.fromPartial({ id: "b", operation: { $case: "replaceBackground", value: { background } } });
  const frames = () => [noise(230, 321, 4), ...(size ? [noise(size[0], size[1], 3)] : [])];
  const rest = { ...context, option, slotId: "s", deviceId: "d", onRenewed() {} };
  const files = await Promise.all(frames().map((frame) => toRaster(frame, room)));
  const { frame: result } = await handler.runRasters(step, files, { ...rest, room });
  expect(isFrameFile(result)).toBe(true);
  const [cutOut, picture] = frames();
  const tools = { picture, resize: resizeFrame, blur: blurFrame };
  const wanted = await replaceBackground(cutOut as Frame, parseReplacement({ background }), tools);
  expect(await toWholeFrame(result)).toEqual(wanted);
  expect((await handler.run(step, frames(), rest)).frame.data).toEqual(wanted.data);
  await room.close();
});

test.each([1, 2, 3, 4] as const)(
  "a cut-out of a file of %i channels is what it is in memory, bit for bit",
  async (channels) => {
    const threads = createPictureThreads(1);
    onTestFinished(threads.close);
    const room = await openFiles();
    const values = Float32Array.from({ length: 256 }, (_, at) => (at % 16 < 8 ? 1 : at % 16 < 10 ? 0.5 : 0));
    const frame = noise(200, 133, channels);
    const task = () => ({
      guide: noise(32, 21, channels),
      matte: { widthPx: 16, heightPx: 16, data: values.slice() },
    });
    const lent = await lendRoom(room, 200 * 133 * 4);
    const file = await toRaster(frame, room);
    const result = await threads.run({ kind: "cutOut", frame: file, ...task(), room: lent }, context);
    expect(isFrameFile(result)).toBe(true);
    expect(await toWholeFrame(result)).toEqual(await cutOutFrame({ frame, ...task() }));
    await room.close();
  },
);
