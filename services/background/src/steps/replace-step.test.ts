import { blurFrame, createFrame, type Frame, resizeFrame } from "@pixelmesh/imaging";
import { Step } from "@pixelmesh/proto";
import { expect, onTestFinished, test } from "vitest";
import { replaceBackground } from "../domain/compose.ts";
import { cutOutFrame } from "../domain/remove.ts";
import { createPictureThreads } from "../threads/picture-threads.ts";
import { createReplaceHandler } from "./replace-step.ts";

const noise = (widthPx: number, heightPx: number, channels: 3 | 4): Frame => {
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
  const there = await threads.run({ kind: "cutOut", ...task() }, context);
  expect(Buffer.compare(there.data, (await cutOutFrame(task())).data)).toBe(0);
});
