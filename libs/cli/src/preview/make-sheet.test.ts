import { createFrame, defaultLimits, encodeFrame } from "@pixelmesh/imaging";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { makeSheet } from "./make-sheet.ts";

const sizes = { sidePx: 100, textScale: 1 };

/** A PNG of one colour, 100 × 50 px. */
async function picture(red: number): Promise<Uint8Array> {
  const frame = createFrame(100, 50, 3);
  for (let at = 0; at < frame.data.length; at += 3) frame.data[at] = red;
  return (await encodeFrame(frame, Encoding.create({ format: ImageFormat.PNG }), defaultLimits)).bytes;
}

test("a sheet has each effect in its cell, row by row, and asks for one row at a time", async () => {
  const catalogue = Array.from({ length: 7 }, (_, index) => ({ name: `e${index}` }));
  let open = 0;
  let most = 0;
  const asked: string[] = [];
  const sheet = await makeSheet(
    catalogue,
    async (name) => {
      asked.push(name);
      open += 1;
      most = Math.max(most, open);
      const bytes = await picture(40 + 20 * Number(name.slice(1)));
      open -= 1;
      return bytes;
    },
    sizes,
  );
  expect(asked).toEqual(catalogue.map(({ name }) => name));
  // The first alone, then the rest of its row, then rows of 3.
  expect(most).toBe(3);
  // 3 columns and 3 rows of 100 px, with 12 px around each.
  expect([sheet.widthPx, sheet.heightPx, sheet.channels]).toEqual([348, 348, 3]);
  const redAt = (x: number, y: number) => sheet.data[(y * sheet.widthPx + x) * 3];
  for (const [index] of catalogue.entries()) {
    const [x, y] = [12 + (index % 3) * 112 + 50, 12 + Math.floor(index / 3) * 112 + 40];
    expect([index, redAt(x, y)]).toEqual([index, 40 + 20 * index]);
  }
  // The last row has one effect; the paper of its other cells and of the gaps is white.
  expect([redAt(12 + 112 + 50, 12 + 224 + 40), redAt(6, 6), redAt(342, 342)]).toEqual([250, 250, 250]);
});

test("a catalogue without effects is refused", async () => {
  await expect(makeSheet([], () => picture(1), sizes)).rejects.toMatchObject({ reason: "UNKNOWN_EFFECT" });
});
