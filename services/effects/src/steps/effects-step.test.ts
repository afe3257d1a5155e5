import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createFrame,
  createRasterSink,
  createRoom,
  type Frame,
  isFrameFile,
  type Raster,
  type Room,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { Effect, Step } from "@pixelmesh/proto";
import type { StepContext } from "@pixelmesh/worker";
import { expect, onTestFinished, test } from "vitest";
import { effectDescriptions, parseEffects } from "../domain/catalogue.ts";
import { applyChain } from "../domain/chain.ts";
import { createChainThreads } from "../threads/chain-threads.ts";
import { createEffectsHandler } from "./effects-step.ts";

const effects = ["black_and_white", "dither"].map((name) => Effect.fromPartial({ name }));
const step = Step.fromPartial({ id: "fx", operation: { $case: "applyEffects", value: { effects } } });

function openHandler() {
  const threads = createChainThreads(1);
  onTestFinished(threads.close);
  return createEffectsHandler(threads);
}
function toContext(changes: Partial<StepContext> = {}): StepContext {
  const option = { tilePx: 0, batch: 1, peakBytes: 0, computeTokens: 1 };
  const signal = new AbortController().signal;
  const again = (error: unknown) => Promise.reject(error);
  return { signal, onProgress() {}, again, option, slotId: "s", deviceId: "d", onRenewed() {}, ...changes };
}
/** Larger than what is done without a thread. */
function createLarge(): Frame {
  const data = Uint8Array.from({ length: 900 * 600 * 3 }, (_, at) => (at * 2_654_435_761) >>> 24);
  return createFrame(900, 600, 3, data);
}

/** The frame as the room keeps it. */
async function toRaster({ widthPx, heightPx, channels, data }: Frame, room: Room): Promise<Raster> {
  const sink = await createRasterSink({ widthPx, heightPx, channels }, room);
  await sink.writeRows(0, data);
  return sink.end();
}

test("a larger picture, done in a thread, is the same to the last bit", async () => {
  const progress: number[] = [];
  const context = toContext({ onProgress: (fraction) => progress.push(fraction) });
  const { frame } = await openHandler().run(step, [createLarge()], context);
  const here = await applyChain(createLarge(), parseEffects(effects));
  expect([frame.widthPx, frame.heightPx, frame.channels]).toEqual([900, 600, 3]);
  expect(Buffer.compare(frame.data, here.data)).toBe(0);
  expect(progress).toEqual(progress.toSorted((a, b) => a - b));
});

test("an aborted chain ends with the reason, in a thread as well", async () => {
  const ending = new AbortController();
  const running = openHandler().run(step, [createLarge()], toContext({ signal: ending.signal }));
  ending.abort(new Error("no longer wanted"));
  await expect(running).rejects.toThrow("no longer wanted");
});

test.each([1, 2, 3, 4] as const)(
  "every effect on a file of %i channels is what it is in memory, bit for bit",
  async (channels) => {
    const dir = await mkdtemp(join(tmpdir(), "effects-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    // Nothing fits memory here.
    const room = createRoom(async () => dir, 0);
    const handler = openHandler();
    const all = [...effectDescriptions()].map(({ name }) => [Effect.fromPartial({ name })]);
    for (const chain of [...all, all.flat()]) {
      const task = Step.fromPartial({ id: "fx", operation: { $case: "applyEffects", value: { effects: chain } } });
      // One that is done here, and one that is done in a thread.
      for (const [width, height] of [
        [90, 61],
        [640, 411],
      ] as const) {
        const length = width * height * channels;
        const data = Uint8Array.from({ length }, (_, at) => (at * 2_654_435_761) >>> 24);
        const frame = createFrame(width, height, channels, data);
        const file = await toRaster(frame, room);
        const { frame: result } = await handler.runRasters(task, [file], { ...toContext(), room });
        expect(isFrameFile(result)).toBe(true);
        const wanted = await applyChain(frame, parseEffects(chain));
        expect(await toWholeFrame(result)).toEqual(wanted);
      }
    }
    await room.close();
  },
);
