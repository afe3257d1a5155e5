import { type Encoding, ImageFormat, type JobSpec, type PlannedStep } from "@pixelmesh/proto";
import { wantedOf } from "./results.ts";

/** Room that a job takes in the store at one time, in bytes: as expected, and the part of it that is certain. */
export type RoomNeed = { readonly bytes: number; readonly leastBytes: number };

/** Most channels that a frame has. */
const channels = 4;
/** Of a stored frame, beside its pixels, and of a small encoded file. */
const headerBytes = 1024;

/**
 * The most that a job stores at one time, from the planned sizes: outputs stay, a frame goes once every step that takes it in has
 * ended. Of frames three channels are certain where the pictures have them. Outputs are reckoned as large as their format makes hardly any picture, so that what was reserved is
 * enough. Sizes that only the worker knows count for nothing.
 */
export function roomNeed(spec: JobSpec): RoomNeed {
  const lastUse = lastUses(spec);
  // Frames of grey pictures may have one channel.
  const sureShare = spec.sources.some(({ info }) => (info?.channels ?? 0) >= 3) ? 3 / channels : 1 / channels;
  let frames = 0;
  let outputs = 0;
  let most = { bytes: 0, leastBytes: 0 };
  for (const [index, planned] of spec.steps.entries()) {
    const wanted = wantedOf(spec, planned.step?.id ?? "");
    if (wanted.storeFrame) frames += frameBytes(planned);
    for (const { encoding } of wanted.outputs) outputs += encodedBytes(planned, encoding);
    most = {
      bytes: Math.max(most.bytes, frames + outputs),
      leastBytes: Math.max(most.leastBytes, Math.floor(frames * sureShare)),
    };
    for (const [at, last] of lastUse) if (last === index) frames -= frameBytes(spec.steps[at]);
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

function frameBytes(planned: PlannedStep | undefined): number {
  return planned && planned.widthPx > 0 ? planned.widthPx * planned.heightPx * channels + headerBytes : 0;
}

function encodedBytes({ widthPx, heightPx }: PlannedStep, encoding: Encoding | undefined): number {
  return Math.round(widthPx * heightPx * bytesPerPixel(encoding)) + headerBytes;
}

/** Of pure noise, lossless files take 4 bytes a pixel, JPEG and WebP of quality 85 take 0.7, and 1.8 with noise as alpha. */
function bytesPerPixel({ format, quality, lossless }: Partial<Encoding> = {}): number {
  const isLossy =
    format === ImageFormat.JPEG || format === ImageFormat.AVIF || (format === ImageFormat.WEBP && lossless !== true);
  return isLossy && (quality ?? 0) < 90 ? 2 : channels;
}
