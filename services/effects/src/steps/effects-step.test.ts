import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createFrame,
  createFrameStore,
  createRasterSink,
  type Frame,
  type FrameStore,
  isFrameFile,
  type Raster,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { Effect, Step } from "@pixelmesh/proto";
import type { StepContext } from "@pixelmesh/worker";
import { expect, onTestFinished, test } from "vitest";
import { effectDescriptions, maxEffects, parseEffects } from "../domain/catalogue/catalogue.ts";
import { applyChain } from "../domain/chain.ts";
import { createChainThreads } from "../threads/chain-threads.ts";
import { createEffectsHandler } from "./effects-step.ts";

const effects = ["black_and_white", "dither"].map((name) => Effect.fromPartial({ name }));
const step = Step.fromPartial({ id: "fx", operation: { $case: "applyEffects", value: { effects } } });

function openHandler() {
  const threads = createChainThreads(1);
  onTestFinished(threads.close);
  return createEffectsHandler(threads, { threadPixels: 64 * 1024 });
}
function toContext(changes: Partial<StepContext> = {}): StepContext {
  const option = { tilePx: 0, batch: 1, peakBytes: 0, computeTokens: 1 };
  const signal = new AbortController().signal;
  const retryAfterOutOfMemory = (error: unknown) => Promise.reject(error);
  return {
    signal,
    onProgress() {},
    retryAfterOutOfMemory,
    nextSlot: () => Promise.reject(new Error("no other slot")),
    option,
    slotId: "s",
    deviceId: "d",
    onRenewed() {},
    ...changes,
  };
}
/** A picture that is processed in a thread. */
function createLarge(): Frame {
  const data = Uint8Array.from({ length: 900 * 600 * 3 }, (_, at) => (at * 2_654_435_761) >>> 24);
  return createFrame(900, 600, 3, data);
}

/** Writes the frame to the frame store. */
async function toRaster({ widthPx, heightPx, channels, data }: Frame, frameStore: FrameStore): Promise<Raster> {
  const sink = await createRasterSink({ widthPx, heightPx, channels }, frameStore);
  await sink.writeRows(0, data);
  return sink.end();
}

test("a larger picture, processed in a thread, is bit-identical", async () => {
  const progress: number[] = [];
  const context = toContext({ onProgress: (fraction) => progress.push(fraction) });
  const { frame } = await openHandler().run(step, [createLarge()], context);
  const here = await applyChain(createLarge(), parseEffects(effects));
  expect([frame.widthPx, frame.heightPx, frame.channels]).toEqual([900, 600, 3]);
  expect(Buffer.compare(frame.data, here.data)).toBe(0);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
});

test("chains at once, one of them in the event loop and the others in threads, are bit-identical and leave their picture unchanged", async () => {
  const threads = createChainThreads(2);
  onTestFinished(threads.close);
  // Each is small enough for the loop, and large enough for a thread beside another one.
  const handler = createEffectsHandler(threads, { threadPixels: 2 ** 24 });
  const [widthPx, heightPx] = [2_400, 1_800];
  const data = Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, at) => (at * 2_654_435_761) >>> 24);
  const frame = createFrame(widthPx, heightPx, 3, data);
  const chains = ["black_and_white", "shake", "blur"].map((name) => [Effect.fromPartial({ name })]);
  const wanted = await Promise.all(chains.map((chain) => applyChain(frame, parseEffects(chain))));
  const tasks = chains.map((chain) =>
    Step.fromPartial({ id: "fx", operation: { $case: "applyEffects", value: { effects: chain } } }),
  );
  const outcomes = await Promise.all(tasks.map((task) => handler.run(task, [frame], toContext())));
  for (const [at, outcome] of outcomes.entries())
    expect(Buffer.compare(outcome.frame.data, (wanted[at] as Frame).data)).toBe(0);
  // Also in shared memory that earlier chains have used, and for a result of another size.
  const task = Step.fromPartial({
    id: "fx",
    operation: { $case: "applyEffects", value: { effects: [{ name: "black_and_white" }, { name: "shake" }] } },
  });
  const small = createLarge();
  const again = await createEffectsHandler(threads, { threadPixels: 1 }).run(task, [small], toContext());
  const expected = await applyChain(
    createLarge(),
    parseEffects(["black_and_white", "shake"].map((name) => Effect.fromPartial({ name }))),
  );
  expect(Buffer.compare(again.frame.data, expected.data)).toBe(0);
  expect(Buffer.compare(frame.data, data)).toBe(0);
});

test("an aborted chain rejects with the reason, also in a thread", async () => {
  const ending = new AbortController();
  const running = openHandler().run(step, [createLarge()], toContext({ signal: ending.signal }));
  ending.abort(new Error("no longer wanted"));
  await expect(running).rejects.toThrow("no longer wanted");
});

const smallSize = [90, 61] as const;
const threadSize = [310, 215] as const;

test.each([1, 2, 3, 4] as const)(
  "every effect on a file of %i channels is bit-identical to the one in memory",
  async (channels) => {
    const dir = await mkdtemp(join(tmpdir(), "effects-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    // Everything becomes a file.
    const frameStore = createFrameStore(async () => dir, 0);
    const handler = openHandler();
    const all = effectDescriptions().map(({ name }) => Effect.fromPartial({ name }));
    const alone = all.map((effect) => [effect]);
    const together = [all.slice(0, maxEffects), all.slice(-maxEffects)];
    // Grey pictures are spread before the first effect, so the chains suffice for them.
    for (const chain of channels < 3 ? together : [...alone, ...together]) {
      const task = Step.fromPartial({ id: "fx", operation: { $case: "applyEffects", value: { effects: chain } } });
      // A thread runs the chains only.
      const sizes = chain.length === 1 ? [smallSize] : [smallSize, threadSize];
      for (const [width, height] of sizes) {
        const length = width * height * channels;
        const data = Uint8Array.from({ length }, (_, at) => (at * 2_654_435_761) >>> 24);
        const frame = createFrame(width, height, channels, data);
        const file = await toRaster(frame, frameStore);
        const { frame: result } = await handler.runRasters(task, [file], { ...toContext(), frameStore });
        expect(isFrameFile(result)).toBe(true);
        const wanted = await applyChain(frame, parseEffects(chain));
        const whole = await toWholeFrame(result);
        expect([whole.widthPx, whole.heightPx, whole.channels]).toEqual([
          wanted.widthPx,
          wanted.heightPx,
          wanted.channels,
        ]);
        expect(Buffer.compare(whole.data, wanted.data)).toBe(0);
      }
    }
    await frameStore.close();
  },
);
