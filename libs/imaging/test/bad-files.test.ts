import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError } from "@pixelmesh/errors";
import { decodePicture, defaultLimits, encodeFrame, inspectPicture } from "@pixelmesh/imaging";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { expect, test } from "vitest";

const dataDir = process.env.PIXELMESH_TEST_DATA ?? fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
const badDir = join(dataDir, "bad");
const present = existsSync(badDir);
if (!present) console.warn(`SKIPPED: no odd and broken files to test with at ${badDir}`);

const MAX_MS = 5000;

// These files of the corpus must decode to these sizes, with orientation applied. The others may give a picture or an error.
const sizes: Readonly<Record<string, readonly [number, number, number]>> = {
  "exif/Portrait_8.jpg": [1200, 1800, 3],
  "imgproxy/orientation-8.png": [100, 200, 4],
  "imagor/2bands.png": [293, 115, 2],
  "sharp/16-bit-grey-alpha.png": [109, 96, 2],
  "libvips/cd3.1.jpg": [531, 373, 1],
  "pillow/transparent.webp": [200, 150, 4],
  "snapotter/formats__sample.avif": [740, 493, 3],
  "thumbor/SmallFullColourGIF.gif": [210, 210, 4],
};

const reasons: Readonly<Record<string, string>> = {
  "pillow/truncated_image.png": "IMAGE_TRUNCATED",
  "synthetic/jpg-trunc-25.jpg": "IMAGE_TRUNCATED",
  "synthetic/webp-trunc-50.webp": "IMAGE_TRUNCATED",
  "synthetic/png-10000x10000-interlaced.png": "IMAGE_TOO_MANY_PIXELS",
  "synthetic/gif-5000-frames.gif": "IMAGE_TOO_MANY_FRAMES",
  "synthetic/gif-65535x1000frames.gif": "IMAGE_SIDE_TOO_LONG",
  "synthetic/svg-as.png": "IMAGE_TYPE_UNSUPPORTED",
  "synthetic/svg-use-bomb.svg": "IMAGE_TYPE_UNSUPPORTED",
  "synthetic/html-as.jpg": "IMAGE_TYPE_UNSUPPORTED",
  "synthetic/jpg-sof-prec12.jpg": "IMAGE_CORRUPT",
  "synthetic/poly-gif-js.gif": "IMAGE_CORRUPT",
  "synthetic/png-palette-missing.png": "IMAGE_CORRUPT",
};

for (const allowTiff of [false, true]) {
  const limits = { ...defaultLimits, allowTiff };

  test.skipIf(!present)(
    `every odd or broken file gives a picture or a typed error within 5 s${allowTiff ? ", TIFF allowed" : ""}`,
    { timeout: 60_000 },
    async () => {
      const names = listFiles();
      expect(names.length).toBeGreaterThan(300);
      let pictures = 0;
      for (const name of names) {
        const bytes = readFileSync(join(badDir, name));
        const startMs = performance.now();
        const info = await inspectPicture(bytes, limits).catch(toAppError);
        const decoded = await decodePicture(bytes, limits).catch(toAppError);
        expect(performance.now() - startMs, name).toBeLessThan(MAX_MS);
        if (decoded instanceof AppError) {
          expect(decoded.reason, name).toMatch(/^IMAGE_/);
          expect(decoded.message.length, name).toBeGreaterThan(20);
          expect(reasons[name] ?? decoded.reason, name).toBe(decoded.reason);
          expect(sizes[name], name).toBeUndefined();
          continue;
        }
        pictures += 1;
        const { widthPx, heightPx, channels } = decoded.frame;
        expect(info, name).toEqual(decoded.info);
        expect([decoded.info.widthPx, decoded.info.heightPx], name).toEqual([widthPx, heightPx]);
        expect([widthPx, heightPx, channels], name).toEqual(sizes[name] ?? [widthPx, heightPx, channels]);
        expect(reasons[name], name).toBeUndefined();
      }
      expect(pictures).toBeGreaterThan(150);
    },
  );
}

test.skipIf(!present)("a position in EXIF does not reach the result", async () => {
  const bytes = readFileSync(join(badDir, "pillow/exif_gps.jpg"));
  expect(bytes.includes("Exif")).toBe(true);
  const { frame } = await decodePicture(bytes, defaultLimits);
  const encoded = await encodeFrame(frame, Encoding.fromPartial({ format: ImageFormat.JPEG }));
  expect(Buffer.from(encoded.bytes).includes("Exif")).toBe(false);
});

function listFiles(): string[] {
  return readdirSync(badDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(badDir.length + 1))
    .sort();
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  throw error;
}
