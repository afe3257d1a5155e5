import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Frame, RowSource } from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createPicture, toEffect, toPixels } from "../../test/pictures.ts";
import { parseEffects } from "./catalogue/catalogue.ts";
import type { ParsedEffect } from "./catalogue/define-effect.ts";
import { applyChain, runChain } from "./chain.ts";
import { chainShape } from "./picture/picture-rows.ts";
import type { CreateStage } from "./rows/rows.ts";

const four = ["black_and_white", "pop_art", "retro_8bit", "dither"].map((name) => toEffect(name));

/** A source that records the requested rows. */
function watchedSource(frame: Frame): RowSource & { asked: [number, number][] } {
  const stride = frame.widthPx * frame.channels;
  const asked: [number, number][] = [];
  return {
    ...frame,
    asked,
    async readRows(y, count) {
      asked.push([y, count]);
      return frame.data.subarray(y * stride, (y + count) * stride);
    },
  };
}

test("pixels survive the conversion to float and back", async () => {
  const bytes = fc.uint8Array({ minLength: 24, maxLength: 24 });
  await fc.assert(
    fc.asyncProperty(bytes, fc.constantFrom(1, 2, 3, 4), async (data, channels) => {
      const frame = { widthPx: 24 / channels, heightPx: 1, channels, data } as Frame;
      const result = toPixels(await applyChain(frame, []));
      const expected = toPixels(frame).map((pixel) =>
        channels > 2 ? pixel : [pixel[0], pixel[0], pixel[0], ...pixel.slice(1)],
      );
      expect(result).toEqual(expected);
    }),
  );
});

test("a chain in float keeps more levels than its effects rounded one by one", async () => {
  const dark = toEffect("black_and_white", { contrast: 0.08 });
  const bright = toEffect("black_and_white", { contrast: 10 });
  const picture = createPicture(256, 4, 1);
  const once = await applyChain(picture, parseEffects([dark, bright]));
  const twice = await applyChain(await applyChain(picture, parseEffects([dark])), parseEffects([bright]));
  const levels = (frame: Frame) => new Set(toPixels(frame).map((pixel) => pixel[0])).size;
  expect(levels(twice)).toBeLessThan(25);
  expect(levels(once)).toBeGreaterThan(150);
});

test("rows are read once, in order, and written through a sink of the chain's shape", async () => {
  const picture = createPicture(500, 400, 4);
  const source = watchedSource(picture);
  const rows: Uint8Array[] = [];
  const sink = {
    ...chainShape(source),
    async writeRows(y: number, part: Uint8Array) {
      expect(y).toBe(rows.reduce((sum, { length }) => sum + length / 2000, 0));
      rows.push(part.slice());
    },
  };
  await runChain(source, () => sink, parseEffects(four));
  expect(source.asked.length).toBeGreaterThan(1);
  expect(source.asked.reduce((next, [y, count]) => (y === next ? y + count : -1), 0)).toBe(400);
  expect(Buffer.concat(rows).equals((await applyChain(picture, parseEffects(four))).data)).toBe(true);
});

test("a sink of another shape is refused", async () => {
  const picture = createPicture(4, 4, 1);
  await expect(
    runChain(watchedSource(picture), () => ({ ...picture, writeRows: async () => {} }), parseEffects(four)),
  ).rejects.toMatchObject({
    reason: "INTERNAL",
  });
});

test("no more rows are held than the effects need together", async () => {
  const source = watchedSource(createPicture(64, 6000, 3));
  let written = 0;
  let held = 0;
  const sink = {
    ...chainShape(source),
    async writeRows(y: number, part: Uint8Array) {
      written = y + part.length / 192;
    },
  };
  const readRows = source.readRows;
  source.readRows = async (y, count) => {
    held = Math.max(held, y - written);
    return readRows(y, count);
  };
  const effects = [
    toEffect("pop_art", { outline_width: 8 }),
    toEffect("retro_8bit", { pixel_size: 64 }),
    toEffect("dither", { scale: 32 }),
  ];
  await runChain(source, () => sink, parseEffects(effects));
  // One strip on either side of the 9, 64 and 32 rows that the effects hold.
  expect(held).toBeLessThan(2 * Math.ceil((512 * 1024) / 192) + 9 + 64 + 32 + 1);
});

test("progress never falls and ends at 1", async () => {
  const seen: number[] = [];
  await applyChain(createPicture(600, 1200, 3), parseEffects(four), { onProgress: (fraction) => seen.push(fraction) });
  expect(seen.length).toBeGreaterThan(3);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.at(-1)).toBe(1);
});

test("an abort ends the chain within one strip, with the signal's reason", async () => {
  const reason = new Error("stop");
  await expect(
    applyChain(createPicture(8, 8, 3), parseEffects(four), { signal: AbortSignal.abort(reason) }),
  ).rejects.toBe(reason);
  const controller = new AbortController();
  const seen: number[] = [];
  const run = applyChain(createPicture(600, 600, 3), parseEffects(four), {
    signal: controller.signal,
    onProgress: (fraction) => {
      seen.push(fraction);
      controller.abort(reason);
    },
  });
  await expect(run).rejects.toBe(reason);
  expect(seen).toHaveLength(1);
});

test("the event loop runs every few milliseconds while a large picture is processed", async () => {
  const picture = createPicture(1200, 1000, 3);
  const lag = monitorEventLoopDelay({ resolution: 5 });
  let turns = 0;
  let running = true;
  const count = () => {
    turns += 1;
    if (running) setImmediate(count);
  };
  lag.enable();
  setImmediate(count);
  await applyChain(
    picture,
    parseEffects([toEffect("pop_art"), toEffect("dither", { method: "jarvis", mode: "color" })]),
  );
  running = false;
  lag.disable();
  // 1.2 megapixels through two effects are 36 turns of 65,536 pixels.
  expect(turns).toBeGreaterThan(34);
  // The median, not the maximum: a shared machine may pause the process for longer than our code does.
  expect(lag.percentile(50) / 1e6).toBeLessThan(50);
});

/** Returns the same effect, which calls `onRow` for each row that it emits. */
function watchRows(effect: ParsedEffect, onRow: () => void): ParsedEffect {
  const watch =
    (createStage: CreateStage): CreateStage =>
    (context, target) =>
      createStage(context, {
        place: target.place,
        emit(row) {
          onRow();
          target.emit(row);
        },
      });
  return {
    ...effect,
    work: {
      ...effect.work,
      async prepare(context) {
        const prepared = await effect.work.prepare(context);
        return { ...prepared, ...(prepared.createStage && { createStage: watch(prepared.createStage) }) };
      },
    },
  };
}

/** Applies a chain and returns, for each iteration of the event loop, how many rows each effect emitted. */
async function rowsOfTurns(picture: Frame, effects: readonly ParsedEffect[]): Promise<number[][]> {
  const turns = [effects.map(() => 0)];
  const counted = effects.map((effect, i) =>
    watchRows(effect, () => {
      (turns.at(-1) as number[])[i]! += 1;
    }),
  );
  let running = true;
  const next = () => {
    turns.push(effects.map(() => 0));
    if (running) setImmediate(next);
  };
  setImmediate(next);
  await applyChain(picture, counted);
  running = false;
  return turns;
}

test("between two turns each effect emits at most one wide row, also of a row of cells and of the rows held at the end", async () => {
  const effects = parseEffects([
    toEffect("retro_8bit", { pixel_size: 64 }),
    toEffect("pop_art", { outline_width: 8 }),
    toEffect("dither", { scale: 32 }),
    toEffect("pop_art", { outline_width: 3 }),
  ]);
  // One row of 16,384 pixels through four effects is a turn.
  const turns = await rowsOfTurns(createPicture(16_384, 70, 3), effects);
  for (const rows of turns) for (const count of rows) expect(count).toBeLessThanOrEqual(1);
  expect(effects.map((_, i) => turns.reduce((sum, rows) => sum + (rows[i] as number), 0))).toEqual([70, 70, 70, 70]);
});

test("a narrow picture takes turns by its rows", async () => {
  const turns = await rowsOfTurns(createPicture(1, 4_096, 3), parseEffects(four));
  // A row counts as 512 pixels: 32 rows through four effects are a turn.
  expect(turns.length).toBeGreaterThan(4_096 / 32);
});

test("an abort during the rows that an effect held back ends the chain", async () => {
  const reason = new Error("stop");
  const controller = new AbortController();
  const effects = parseEffects([toEffect("pop_art", { outline_width: 8 }), toEffect("retro_8bit", { pixel_size: 64 })]);
  let emitted = 0;
  const last = effects.at(-1) as ParsedEffect;
  const watched = watchRows(last, () => {
    emitted += 1;
    controller.abort(reason);
  });
  const run = applyChain(createPicture(16_384, 64, 3), [effects[0] as ParsedEffect, watched], {
    signal: controller.signal,
  });
  await expect(run).rejects.toBe(reason);
  // Two rows of 16,384 pixels through two effects are a turn.
  expect(emitted).toBeLessThanOrEqual(2);
});
