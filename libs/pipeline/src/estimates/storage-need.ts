import { type Encoding, ImageFormat, type JobSpec, type PlannedStep } from "@pixelmesh/proto";
import { wantedOf } from "../job/result-coverage.ts";

/** Room that a job takes in the store at one time, in bytes: as expected, and the part of it that is certain. */
export type RoomNeed = { readonly bytes: number; readonly leastBytes: number };

/** Of a stored frame, beside its pixels, and of a small encoded file. */
const headerBytes = 1024;

/**
 * The most that a job stores at one time, from the planned sizes: outputs stay, a frame goes once every step that takes it in has
 * ended. Outputs are reckoned as large as their format makes a picture of noise, so that what was reserved is hardly ever too
 * little; frames are certain, as far as their channels are known. Sizes that only the worker knows count for nothing.
 */
export function roomNeed(spec: JobSpec): RoomNeed {
  const isOpaque =
    !spec.sources.some(({ info }) => info?.hasAlpha) &&
    !spec.steps.some(({ step }) => step?.operation?.$case === "removeBackground");
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
    for (const { encoding } of wanted.outputs)
      outputs += Math.round(pixelsOf(planned) * bytesPerPixel(encoding, pixelsOf(planned), isOpaque)) + headerBytes;
    most = {
      bytes: Math.max(most.bytes, framePixels * channels + frames * headerBytes + outputs),
      leastBytes: Math.max(most.leastBytes, framePixels * leastChannels),
    };
    for (const [at, last] of lastUse) {
      if (last !== index) continue;
      framePixels -= pixelsOf(spec.steps[at]);
      frames -= 1;
    }
  }
  return most;
}

/** For each step whose frame others take in, by index: the last of those. */
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

const pixelsOf = (planned: PlannedStep | undefined) => (planned?.widthPx ?? 0) * (planned?.heightPx ?? 0);

/**
 * Of pure noise, by measurement (1 MP): lossless files take 3 bytes a pixel, 4 with alpha; JPEG, WebP and AVIF of their default
 * quality 0.7 to 0.8, with alpha up to 1.8. AUTO is lossless for small pictures.
 */
function bytesPerPixel(encoding: Encoding | undefined, pixels: number, isOpaque: boolean): number {
  const { format = ImageFormat.AUTO, quality = 0, lossless = false } = encoding ?? {};
  const isAuto = format === ImageFormat.AUTO || format === ImageFormat.UNSPECIFIED;
  const isSmall = pixels <= (isOpaque ? 250_000 : 1_000_000);
  if (format === ImageFormat.PNG || lossless || quality >= 90 || (isAuto && isSmall)) return isOpaque ? 3 : 4;
  return isOpaque ? 1 : 2;
}
