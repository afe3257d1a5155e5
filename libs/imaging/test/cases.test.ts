import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodePicture, defaultLimits } from "@pixelmesh/imaging";
import { expect, test } from "vitest";
import { middlesOf } from "./patches.ts";

const dataDir = process.env.PIXELMESH_TEST_DATA || fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
const casesDir = join(dataDir, "cases");
const present = existsSync(casesDir);
if (!present) console.warn(`SKIPPED: no inputs of other makers to test with at ${casesDir}`);

// Values and tolerances are those of the folder's README, which names their sources. The unit tests check the same with other
// inputs.
const cases = [
  [
    "png-gama/gama10.png",
    [
      [229, 133, 110],
      [110, 219, 143],
      [122, 143, 234],
    ],
    2,
    "color_profile",
  ],
  [
    "png-cicp/cicp-p3.png",
    [
      [217, 42, 23],
      [0, 183, 49],
      [44, 71, 218],
    ],
    3,
    "color_profile",
  ],
  [
    "avif-nclx/nclx-p3.avif",
    [
      [217, 42, 23],
      [0, 183, 49],
      [44, 71, 218],
    ],
    6,
    "color_profile",
  ],
  [
    "avif-premultiplied/alpha-prem.avif",
    [
      [200, 60, 40, 255],
      [38, 182, 70, 128],
      [50, 70, 210, 64],
    ],
    3,
    "",
  ],
  [
    "gray16-icc/gray16-g18.png",
    [[0], [43], [81], [115], [146], [176], [203], [230], [255]],
    2,
    "bit_depth,color_profile",
  ],
  [
    "jpeg-no-eoi/noeoi.jpg",
    [
      [200, 60, 40],
      [40, 180, 70],
      [50, 70, 210],
    ],
    4,
    "missing_end",
  ],
] as const;

for (const [name, wanted, levels, kinds] of cases) {
  test.skipIf(!present)(`${name} has the values of its makers' specification`, async () => {
    const { frame, notices } = await decodePicture(readFileSync(join(casesDir, name)), defaultLimits);
    const middles = middlesOf(frame);
    for (const [patch, colors] of wanted.entries()) {
      for (const [at, value] of colors.entries()) {
        expect(Math.abs((middles[patch]?.[at] ?? -1) - value), `${middles[patch]}`).toBeLessThanOrEqual(levels);
      }
    }
    expect(notices.map(({ kind }) => kind).join()).toBe(kinds);
  });
}

test.skipIf(!present)("half of a JPEG with an end marker is truncated", async () => {
  const file = readFileSync(join(casesDir, "jpeg-half-missing/half-eoi.jpg"));
  await expect(decodePicture(file, defaultLimits)).rejects.toMatchObject({ reason: "IMAGE_TRUNCATED" });
});
