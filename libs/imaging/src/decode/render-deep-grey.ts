import { ImageFormat } from "@pixelmesh/proto";
import type { Sharp } from "sharp";
import { embedProfile } from "../color/embed-profile.ts";
import { sharp } from "../engine/engine.ts";
import { type Channels, createFrame, type Frame } from "../frames/frame.ts";
import { writePng } from "../structure/write-png.ts";

const VALUES = 65_536;
// Work between two turns of the event loop.
const BLOCK_SAMPLES = 4_000_000;

/**
 * Converts 16-bit grey, with or without alpha, to 8-bit sRGB by an RGB profile whose greys are the picture's. libvips converts
 * each of the 65,536 values once, and the pixels are looked up.
 */
export async function renderDeepGrey(image: Sharp, profile: Uint8Array): Promise<Frame> {
  const table = await convertGreys(profile);
  const { data, info } = await image
    .toColourspace("grey16")
    .raw({ depth: "ushort" })
    .toBuffer({ resolveWithObject: true });
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  const frame = createFrame(info.width, info.height, info.channels as Channels);
  const hasAlpha = info.channels === 2;
  for (let from = 0; from < samples.length; from += BLOCK_SAMPLES) {
    const to = Math.min(samples.length, from + BLOCK_SAMPLES);
    for (let at = from; at < to; at++) {
      const sample = samples[at] ?? 0;
      frame.data[at] = hasAlpha && (at & 1) === 1 ? sample >> 8 : (table[sample] ?? 0);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return frame;
}

async function convertGreys(profile: Uint8Array): Promise<Uint8Array> {
  const pixels = new Uint8Array(VALUES * 6);
  for (let value = 0; value < VALUES; value++) {
    for (let at = value * 6; at < value * 6 + 6; at += 2) {
      pixels[at] = value >> 8;
      pixels[at + 1] = value & 255;
    }
  }
  const chart = writePng(pixels, 256, 3, 16);
  const file = embedProfile(chart, ImageFormat.PNG, profile) ?? chart;
  const converted = await sharp(file).withIccProfile("srgb").raw({ depth: "uchar" }).toBuffer();
  return Uint8Array.from({ length: VALUES }, (_, value) => converted[value * 3] ?? 0);
}
