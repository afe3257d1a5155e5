import { createHash } from "node:crypto";
import { ImageFormat } from "@pixelmesh/proto";
import { sharp } from "../engine/engine.ts";
import { writePng } from "../structure/write-png.ts";
import { embedProfile } from "./embed-profile.ts";

const LEVELS = 9;
// Profiles of sRGB differ from libvips' own by rounding, up to 2 levels.
const SAME_LEVELS = 2;
const MAX_KNOWN = 64;

// Results by digest; the oldest is evicted first.
const known = new Map<string, boolean>();

/**
 * Whether the conversion from this profile to sRGB changes colours visibly: by more than 2 of 255 levels for any of 729 colours,
 * or of 256 greys. Converts them to find out, because a profile's name proves nothing.
 */
export async function changesColors(profile: Uint8Array, isGrey: boolean): Promise<boolean> {
  const key = createHash("sha256").update(profile).digest("hex");
  const before = known.get(key);
  if (before !== undefined) return before;
  const samples = isGrey ? greys() : colors();
  const chart = writePng(samples, isGrey ? 256 : LEVELS ** 3, isGrey ? 1 : 3);
  const file = embedProfile(chart, ImageFormat.PNG, profile) ?? chart;
  const converted = await sharp(file)
    .toColourspace(isGrey ? "b-w" : "srgb")
    .raw({ depth: "uchar" })
    .toBuffer();
  const changes = samples.some((sample, at) => Math.abs(sample - (converted[at] ?? 0)) > SAME_LEVELS);
  known.set(key, changes);
  if (known.size > MAX_KNOWN) known.delete(known.keys().next().value ?? key);
  return changes;
}

function greys(): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, level) => level);
}

function colors(): Uint8Array {
  const level = (nth: number) => Math.round((255 * nth) / (LEVELS - 1));
  const samples: number[] = [];
  for (let index = 0; index < LEVELS ** 3; index++) {
    samples.push(
      level(index % LEVELS),
      level(Math.floor(index / LEVELS) % LEVELS),
      level(Math.floor(index / LEVELS ** 2)),
    );
  }
  return Uint8Array.from(samples);
}
