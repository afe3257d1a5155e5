import { expect, test } from "vitest";
import { sharp } from "../engine/engine.ts";
import { defaultLimits } from "../limits.ts";
import { decodePicture } from "./decode.ts";
import { inspectPicture } from "./inspect.ts";

const colors: Readonly<Record<string, readonly number[]>> = {
  A: [255, 0, 0],
  B: [0, 255, 0],
  C: [0, 0, 255],
  D: [255, 255, 0],
  E: [255, 255, 255],
  F: [0, 0, 0],
};

// The stored picture reads ABC / DEF. These are the shown pictures by the definition of each EXIF orientation (position of row 0
// and column 0 of the stored picture: 1 top left, 2 top right, 3 bottom right, 4 bottom left, 5 left top, …).
const shown: readonly (readonly string[])[] = [
  ["ABC", "DEF"],
  ["CBA", "FED"],
  ["FED", "CBA"],
  ["DEF", "ABC"],
  ["AD", "BE", "CF"],
  ["DA", "EB", "FC"],
  ["FC", "EB", "DA"],
  ["CF", "BE", "AD"],
];

const CELL_PX = 16;

/** Cells of one colour each, so that lossy formats keep the colours at their centres. */
function stored() {
  const widthPx = 3 * CELL_PX;
  const heightPx = 2 * CELL_PX;
  const data = Buffer.alloc(widthPx * heightPx * 3);
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const letter = ["ABC", "DEF"][Math.floor(y / CELL_PX)]![Math.floor(x / CELL_PX)]!;
      data.set(colors[letter]!, (y * widthPx + x) * 3);
    }
  }
  return sharp(data, { raw: { width: widthPx, height: heightPx, channels: 3 } });
}

for (const [index, rows] of shown.entries()) {
  const orientation = index + 1;
  test(`EXIF orientation ${orientation} is shown as ${rows.join(" / ")} from JPEG, PNG and WebP`, async () => {
    const tagged = () => stored().withMetadata({ orientation });
    const files = [
      await tagged().jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer(),
      await tagged().png().toBuffer(),
      await tagged().webp({ lossless: true }).toBuffer(),
    ];
    for (const file of files) {
      const info = await inspectPicture(file, defaultLimits);
      expect(info.exifOrientation).toBe(orientation);
      expect([info.widthPx, info.heightPx]).toEqual([rows[0]!.length * CELL_PX, rows.length * CELL_PX]);
      const { frame } = await decodePicture(file, defaultLimits);
      expect([frame.widthPx, frame.heightPx]).toEqual([info.widthPx, info.heightPx]);
      for (const [row, letters] of rows.entries()) {
        for (const [column, letter] of [...letters].entries()) {
          const x = column * CELL_PX + CELL_PX / 2;
          const y = row * CELL_PX + CELL_PX / 2;
          const at = (y * frame.widthPx + x) * 3;
          for (let c = 0; c < 3; c++) expect(Math.abs(frame.data[at + c]! - colors[letter]![c]!)).toBeLessThan(8);
        }
      }
    }
  });
}
