import { crc32, deflateSync } from "node:zlib";

/** Stored samples of the nine patches of 16 px, row by row. */
export const patchColors: readonly (readonly number[])[] = [
  [200, 60, 40],
  [40, 180, 70],
  [50, 70, 210],
  [128, 128, 128],
  [64, 64, 64],
  [220, 210, 190],
  [240, 20, 120],
  [10, 200, 220],
  [250, 240, 30],
];

/** Stored grey samples of the nine patches. */
export const patchGreys: readonly (readonly number[])[] = [0, 32, 64, 96, 128, 160, 192, 224, 255].map((v) => [v]);

/** Alpha of the nine patches. */
export const patchAlphas: readonly number[] = [255, 128, 64, 32, 200, 16, 255, 90, 220];

/** Side of the picture in pixels. */
export const patchesPx = 48;

/** Returns the samples of the patches, interleaved. */
export function patchSamples(patches: readonly (readonly number[])[]): number[] {
  return Array.from({ length: patchesPx ** 2 }, (_, at) => {
    const [x, y] = [at % patchesPx, Math.floor(at / patchesPx)];
    return patches[Math.floor(y / 16) * 3 + Math.floor(x / 16)] ?? [];
  }).flat();
}

/** Returns the samples at the centres of the patches of a decoded picture. */
export function middlesOf({ channels, data }: { channels: number; data: Uint8Array }): number[][] {
  return Array.from({ length: 9 }, (_, nth) => {
    const at = ((Math.floor(nth / 3) * 16 + 8) * patchesPx + (nth % 3) * 16 + 8) * channels;
    return [...data.subarray(at, at + channels)];
  });
}

export type PngOptions = {
  readonly bits?: 8 | 16;
  readonly patches?: readonly (readonly number[])[];
  /** Chunks between header and pixels. */
  readonly chunks?: readonly (readonly [type: string, data: Uint8Array])[];
};

/** Writes a PNG of the patches. Their samples decide its colour type. */
export function patchPng({ bits = 8, patches = patchColors, chunks = [] }: PngOptions = {}): Buffer {
  const channels = patches[0]?.length ?? 3;
  const samples = patchSamples(patches);
  const bytes = bits === 8 ? samples : samples.flatMap((value) => [value, value]);
  const stride = (patchesPx * channels * bits) / 8;
  const rows = Array.from({ length: patchesPx }, (_, y) => [0, ...bytes.slice(y * stride, (y + 1) * stride)]).flat();
  const header = Buffer.alloc(13);
  header.writeUInt32BE(patchesPx, 0);
  header.writeUInt32BE(patchesPx, 4);
  header.set([bits, [0, 0, 4, 2, 6][channels] ?? 2], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    ...chunks.map(([type, data]) => chunk(type, data)),
    chunk("IDAT", deflateSync(Uint8Array.from(rows))),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** Returns a gAMA chunk for an encoding gamma. */
export function gama(gamma: number): readonly ["gAMA", Uint8Array] {
  return ["gAMA", uint32(Math.round(gamma * 100_000))];
}

/** Returns a cHRM chunk for white, red, green and blue. */
export function chrm(...points: readonly (readonly [number, number])[]): readonly ["cHRM", Uint8Array] {
  return ["cHRM", Buffer.concat(points.flat().map((value) => uint32(Math.round(value * 100_000))))];
}

/** Returns an iCCP chunk for a profile. */
export function iccp(profile: Uint8Array): readonly ["iCCP", Uint8Array] {
  return ["iCCP", Buffer.concat([Buffer.from("p\0\0", "latin1"), deflateSync(profile)])];
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
