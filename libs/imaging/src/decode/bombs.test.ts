import { deflateSync } from "node:zlib";
import { bombs, fourPixels, png, pngChunk } from "@pixelmesh/testing/pictures";
import { beforeAll, expect, test } from "vitest";
import { defaultLimits } from "../limits.ts";
import { decodePicture } from "./decode.ts";
import { inspectPicture } from "./inspect.ts";

/**
 * Limit of processor time, three times the goal, because a shared core is slower. `make bench CASE=bad-input` measures 50 ms by
 * the clock.
 */
const MAX_MS = 150;
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

beforeAll(async () => {
  // The first picture of a process sets up libvips and its loaders.
  await inspectPicture(png(4, 4, [], fourPixels), defaultLimits);
});

for (const { name, make, reason } of bombs) {
  test(`${name} is refused by its header, quickly and with little memory`, async () => {
    const file = await make();
    const peakKiB = process.resourceUsage().maxRSS;
    const tookMs = await bestMs(() => expect(inspectPicture(file, defaultLimits)).rejects.toMatchObject({ reason }));
    await expect(decodePicture(file, defaultLimits)).rejects.toMatchObject({ reason });
    expect((process.resourceUsage().maxRSS - peakKiB) * 1024).toBeLessThan(MAX_GROWTH_BYTES);
    expect(tookMs).toBeLessThan(MAX_MS);
  });
}

test("text and profiles that inflate endlessly cost nothing, and their picture is decoded", async () => {
  const inflated = deflateSync(Buffer.alloc(7_900_000, 65), { level: 9 });
  const text = (at: number) => pngChunk("zTXt", Buffer.concat([Buffer.from(`k${at}\0\0`, "latin1"), inflated]));
  const profile = pngChunk(
    "iCCP",
    Buffer.concat([Buffer.from("p\0\0", "latin1"), deflateSync(Buffer.alloc(100_000_000))]),
  );
  const files = [
    png(
      4,
      4,
      Array.from({ length: 900 }, (_, at) => text(at)),
      fourPixels,
    ),
    png(4, 4, [profile], fourPixels),
  ];
  for (const file of files) {
    const peakKiB = process.resourceUsage().maxRSS;
    const tookMs = await bestMs(async () => {
      const info = await inspectPicture(file, defaultLimits);
      expect([info.widthPx, info.heightPx, info.sizeBytes]).toEqual([4, 4, file.length]);
    });
    const { frame } = await decodePicture(file, defaultLimits);
    expect(frame.data).toEqual(new Uint8Array(48));
    expect((process.resourceUsage().maxRSS - peakKiB) * 1024).toBeLessThan(MAX_GROWTH_BYTES);
    expect(tookMs).toBeLessThan(MAX_MS);
  }
});

/** Processor time of all threads, the best of three, because other work on the machine only increases it. */
async function bestMs(work: () => Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3; round++) {
    const start = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}
