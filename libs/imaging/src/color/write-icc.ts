import { type Matrix, type Primaries, toD50Matrix } from "./primaries.ts";
import type { Transfer } from "./transfer.ts";

const CURVE_POINTS = 4096;
const D50 = [0.9642, 1, 0.8249] as const;

/**
 * Writes a display profile with these primaries and this curve (ICC.1, version 2, three-component matrix-based), so that libvips
 * converts colours that a file declares otherwise. Undefined if the primaries span no colours.
 */
export function writeRgbProfile(primaries: Primaries, toLinear: Transfer): Uint8Array | undefined {
  const matrix = toD50Matrix(primaries);
  return matrix && writeMatrixProfile(matrix, writeCurve(toLinear));
}

/** Writes a profile with these colourants and a curve that is copied from another profile's tag. */
export function writeMatrixProfile(matrix: Matrix, curve: Buffer): Uint8Array {
  const column = (at: 0 | 1 | 2) => writeXyz([matrix[0][at], matrix[1][at], matrix[2][at]]);
  return writeProfile("RGB ", [
    ["rXYZ", column(0)],
    ["gXYZ", column(1)],
    ["bXYZ", column(2)],
    ["rTRC", curve],
    ["gTRC", curve],
    ["bTRC", curve],
  ]);
}

/** Writes a grey profile with this curve (ICC.1, version 2, monochrome). */
export function writeGreyProfile(toLinear: Transfer): Uint8Array {
  return writeProfile("GRAY", [["kTRC", writeCurve(toLinear)]]);
}

function writeProfile(space: string, own: readonly (readonly [name: string, data: Buffer])[]): Uint8Array {
  const tags = [...own, ["wtpt", writeXyz(D50)], ["desc", writeDescription()], ["cprt", writeText()]] as const;
  const header = Buffer.alloc(128 + 4 + tags.length * 12);
  header.writeUInt32BE(0x02400000, 8);
  header.write("mntr", 12, "latin1");
  header.write(space, 16, "latin1");
  header.write("XYZ ", 20, "latin1");
  header.write("acsp", 36, "latin1");
  writeXyz(D50).copy(header, 68, 8);
  header.writeUInt32BE(tags.length, 128);
  const parts: Buffer[] = [header];
  const offsets = new Map<Buffer, number>();
  let at = header.length;
  for (const [index, [name, data]] of tags.entries()) {
    let offset = offsets.get(data);
    if (offset === undefined) {
      offset = at;
      offsets.set(data, at);
      const padding = Buffer.alloc(-data.length & 3);
      parts.push(data, padding);
      at += data.length + padding.length;
    }
    const entry = 132 + index * 12;
    header.write(name, entry, "latin1");
    header.writeUInt32BE(offset, entry + 4);
    header.writeUInt32BE(data.length, entry + 8);
  }
  header.writeUInt32BE(at, 0);
  return Buffer.concat(parts);
}

function writeCurve(toLinear: Transfer): Buffer {
  const curve = Buffer.alloc(12 + CURVE_POINTS * 2);
  curve.write("curv", "latin1");
  curve.writeUInt32BE(CURVE_POINTS, 8);
  for (let point = 0; point < CURVE_POINTS; point++) {
    const linear = toLinear(point / (CURVE_POINTS - 1));
    curve.writeUInt16BE(Math.round(65_535 * Math.min(1, Math.max(0, linear))), 12 + point * 2);
  }
  return curve;
}

function writeXyz(values: readonly number[]): Buffer {
  const data = Buffer.alloc(20);
  data.write("XYZ ", "latin1");
  for (const [at, value] of values.entries()) data.writeInt32BE(Math.round(value * 65_536), 8 + at * 4);
  return data;
}

function writeDescription(): Buffer {
  const text = "Colours of the file\0";
  const data = Buffer.alloc(12 + text.length + 78);
  data.write("desc", "latin1");
  data.writeUInt32BE(text.length, 8);
  data.write(text, 12, "latin1");
  return data;
}

function writeText(): Buffer {
  return Buffer.from("text\0\0\0\0No copyright\0", "latin1");
}
