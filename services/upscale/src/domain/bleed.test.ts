import { createFrame, createFrameSource, type Frame } from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bleedColors } from "./bleed.ts";

const pictures = fc
  .record({
    widthPx: fc.integer({ min: 1, max: 24 }),
    heightPx: fc.integer({ min: 1, max: 24 }),
    channels: fc.constantFrom<2 | 4>(2, 4),
    opaqueShare: fc.constantFrom(0, 0.02, 0.1, 0.5, 1),
    seed: fc.integer({ min: 1, max: 1_000 }),
  })
  .map(({ widthPx, heightPx, channels, opaqueShare, seed }) => {
    let state = seed;
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state / 2 ** 32;
    };
    const data = Uint8Array.from({ length: widthPx * heightPx * channels }, () => Math.floor(random() * 256));
    for (let at = channels - 1; at < data.length; at += channels) if (random() >= opaqueShare) data[at] = 0;
    return createFrame(widthPx, heightPx, channels, data);
  });

/** Layer by layer over the whole picture: every pixel without a colour gets the mean of its neighbours that have one. */
function bleedSlowly({ widthPx, heightPx, channels, data }: Frame, reachPx: number): number[][] {
  const colors = channels - 1;
  const pixel = (index: number) => [...data.subarray(index * channels, index * channels + colors)];
  let layer = Array.from({ length: widthPx * heightPx }, (_, index) =>
    data[(index + 1) * channels - 1] === 0 ? undefined : pixel(index),
  );
  for (let distance = 0; distance < reachPx; distance++) {
    layer = layer.map((own, index) => {
      if (own) return own;
      const [x, y] = [index % widthPx, Math.floor(index / widthPx)];
      const around = [-1, 0, 1].flatMap((dy) => [-1, 0, 1].map((dx) => [x + dx, y + dy] as const));
      const there = around
        .filter(([px, py]) => px >= 0 && py >= 0 && px < widthPx && py < heightPx)
        .flatMap(([px, py]) => {
          const color = layer[py * widthPx + px];
          return color ? [color] : [];
        });
      if (there.length === 0) return undefined;
      return Array.from({ length: colors }, (_, c) =>
        Math.round(there.reduce((sum, color) => sum + color[c]!, 0) / there.length),
      );
    });
  }
  return layer.map((color, index) => color ?? pixel(index));
}

test("colours extend under transparency, layer by layer, for any rows that are read", async () => {
  await fc.assert(
    fc.asyncProperty(
      pictures,
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: 1, max: 9 }),
      async (frame, reachPx, step) => {
        const wanted = bleedSlowly(frame, reachPx);
        const source = bleedColors(createFrameSource(frame), reachPx);
        expect(source.channels).toBe(frame.channels - 1);
        for (let y = 0; y < frame.heightPx; y += step) {
          const count = Math.min(step, frame.heightPx - y);
          const rows = await source.readRows(y, count);
          expect([...rows]).toEqual(wanted.slice(y * frame.widthPx, (y + count) * frame.widthPx).flat());
        }
      },
    ),
  );
});
