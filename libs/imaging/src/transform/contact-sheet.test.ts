import { expect, test } from "vitest";
import { createFrame, type Frame } from "../frames/frame.ts";
import { createContactSheet } from "./contact-sheet.ts";

function filled(widthPx: number, heightPx: number, ...pixel: number[]): Frame {
  const data = Uint8Array.from({ length: widthPx * heightPx * pixel.length }, (_, i) => pixel[i % pixel.length] ?? 0);
  return createFrame(widthPx, heightPx, pixel.length as Frame["channels"], data);
}

test("pictures are placed in cells row by row, shrunk to fit and centred, and transparency shows a checkerboard", async () => {
  const red = filled(200, 100, 255, 0, 0);
  const grey = filled(10, 10, 90);
  const clear = filled(40, 40, 255, 255, 255, 0);
  const sheet = await createContactSheet([red, grey, clear], { columns: 2, cellPx: 40 });
  expect([sheet.widthPx, sheet.heightPx, sheet.channels]).toEqual([2 * 52 + 12, 2 * 52 + 12, 3]);
  const at = (x: number, y: number) => [...sheet.data.subarray((y * sheet.widthPx + x) * 3).subarray(0, 3)];
  expect(at(0, 0)).toEqual([250, 250, 250]);
  // 200x100 became 40x20, ten pixels below the top of its cell.
  expect([at(12, 21), at(12, 22), at(51, 41), at(51, 42)]).toEqual([
    [250, 250, 250],
    [255, 0, 0],
    [255, 0, 0],
    [250, 250, 250],
  ]);
  // 10x10 kept its size.
  expect([at(78, 27), at(79, 27), at(88, 36), at(89, 36)]).toEqual([
    [250, 250, 250],
    [90, 90, 90],
    [90, 90, 90],
    [250, 250, 250],
  ]);
  expect([at(12, 64), at(28, 64), at(28, 80)]).toEqual([
    [236, 236, 236],
    [212, 212, 212],
    [236, 236, 236],
  ]);
});
