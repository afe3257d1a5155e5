import { type Encoding, ImageFormat, type JobSpec, type PlannedStep } from "@pixelmesh/proto";
import { wantedOf } from "../job/result-coverage.ts";
import { operationOf, operations } from "../operations/operations.ts";
import { pixelsOf, unknownSize } from "../values/sizes.ts";

/** Storage that a job takes at one time, in bytes: the expected amount, and the part of it that is certain. */
export type StorageNeed = { readonly bytes: number; readonly leastBytes: number };

/** Header of a stored frame, and the least of an encoded file. */
const headerBytes = 1024;

/**
 * The most that a job stores at one time, from the planned sizes. Outputs stay; a frame is deleted once every step that takes it in
 * has ended. An output counts as large as a picture of noise in its format, so that a reservation is rarely too small. Frames are
 * certain as far as their channels are known. Sizes that only the worker knows count as 0.
 */
export function storageNeed(spec: JobSpec): StorageNeed {
  const isOpaque =
    !spec.sources.some(({ info }) => info?.hasAlpha) &&
    !spec.steps.some(({ step }) => step && operations[operationOf(step).$case].addsAlpha);
  const channels = isOpaque ? 3 : 4;
  // Frames of grey pictures may have one channel.
  const leastChannels = spec.sources.some(({ info }) => (info?.channels ?? 0) >= 3) ? 3 : 1;
  const lastUse = lastUses(spec);
  let framePixels = 0;
  let frames = 0;
  let outputs = 0;
  let most = { bytes: 0, leastBytes: 0 };
  for (const [index, planned] of spec.steps.entries()) {
    const wanted = wantedOf(spec, planned.step?.id ?? "");
    if (wanted.storeFrame) {
      framePixels += pixelsOf(planned);
      frames += 1;
    }
    for (const { encoding } of wanted.outputs) outputs += outputBytes(planned, encoding, isOpaque);
    most = {
      bytes: Math.max(most.bytes, framePixels * channels + frames * headerBytes + outputs),
      leastBytes: Math.max(most.leastBytes, framePixels * leastChannels),
    };
    for (const [at, last] of lastUse) {
      if (last !== index) continue;
      framePixels -= pixelsOf(spec.steps[at] ?? unknownSize);
      frames -= 1;
    }
  }
  return most;
}

/** For each step whose frame other steps take in, by index: the last of those steps. */
function lastUses(spec: JobSpec): Map<number, number> {
  const indexOf = new Map(spec.steps.map(({ step }, index) => [step?.id ?? "", index]));
  const last = new Map<number, number>();
  for (const [index, { step }] of spec.steps.entries())
    for (const { from } of step?.inputs ?? []) {
      const maker = from?.$case === "step" ? indexOf.get(from.value) : undefined;
      if (maker !== undefined) last.set(maker, index);
    }
  return last;
}

function outputBytes(planned: PlannedStep, encoding: Encoding | undefined, isOpaque: boolean): number {
  const pixels = pixelsOf(planned);
  return Math.round(pixels * bytesPerPixel(encoding, pixels, isOpaque)) + headerBytes;
}

/**
 * Bytes per pixel of pure noise, measured at 1 MP: lossless files take 3, 4 with alpha; JPEG, WebP and AVIF of their default quality
 * take 0.7 to 0.8, up to 1.8 with alpha. AUTO is lossless for small pictures.
 */
function bytesPerPixel(encoding: Encoding | undefined, pixels: number, isOpaque: boolean): number {
  const { format = ImageFormat.AUTO, quality = 0, lossless = false } = encoding ?? {};
  const isAuto = format === ImageFormat.AUTO || format === ImageFormat.UNSPECIFIED;
  const isSmall = pixels <= (isOpaque ? 250_000 : 1_000_000);
  if (format === ImageFormat.PNG || lossless || quality >= 90 || (isAuto && isSmall)) return isOpaque ? 3 : 4;
  return isOpaque ? 1 : 2;
}
