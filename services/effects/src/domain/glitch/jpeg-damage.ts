import { AppError } from "@pixelmesh/errors";
import type { Content } from "@pixelmesh/imaging";
import { hashOfRow, seedOf } from "./grains.ts";

/** Where and how much a JPEG is damaged. */
export type JpegDamage = {
  /** Bytes that get another value. */
  readonly amount: number;
  /** The share of the data that stays intact, from 0 to 1. */
  readonly start: number;
  readonly seed: number;
};

const endMarkerBytes = 2;

/**
 * Returns a JPEG of one scan that ends with its end marker, with other bytes at random places of its entropy-coded data. Headers, markers and the zeros
 * that follow 0xff in the data stay (ITU-T T.81, B.1.1.5), and no byte becomes 0xff, so the structure of the file stays valid. Fewer bytes change where
 * the data ends first. The content's own bytes are not changed.
 */
export function damageJpeg(jpeg: Content, damage: JpegDamage): Content {
  return { ...jpeg, parts: () => damagedParts(jpeg, damage) };
}

async function* damagedParts(jpeg: Content, damage: JpegDamage): AsyncGenerator<Uint8Array> {
  let head = new Uint8Array(0);
  let change: ChangeBytes | undefined;
  for await (const part of jpeg.parts()) {
    const bytes = join(head, part);
    head = new Uint8Array(0);
    if (change === undefined) {
      const start = findData(bytes);
      if (start !== undefined) change = createChange(damage, start, jpeg.sizeBytes - endMarkerBytes);
    }
    if (change === undefined) head = bytes;
    else {
      change(bytes);
      yield bytes;
    }
  }
  if (change === undefined) throw new AppError("INTERNAL", "A JPEG to be damaged has no scan");
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}

/** Returns the first byte after the header of the first scan. Undefined if it lies behind these bytes. */
function findData(bytes: Uint8Array): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Each segment after the start marker: 0xff, its marker, its length without these two.
  for (let at = 2; at + 4 <= bytes.length; ) {
    const end = at + 2 + view.getUint16(at + 2);
    if (bytes[at + 1] === 0xda) return end <= bytes.length ? end : undefined;
    at = end;
  }
  return undefined;
}

/** Changes bytes of the next part of the file in place. */
type ChangeBytes = (bytes: Uint8Array) => void;

function createChange({ amount, start, seed }: JpegDamage, dataStart: number, dataEnd: number): ChangeBytes {
  const [placeSeed, valueSeed] = [seedOf(seed, 0), seedOf(seed, 1)];
  const first = dataStart + start * (dataEnd - dataStart);
  const places = Array.from({ length: amount }, (_, i) =>
    Math.floor(first + (hashOfRow(placeSeed, i) / 2 ** 32) * (dataEnd - first)),
  ).sort((one, other) => one - other);
  let next = 0;
  let at = 0;
  let [partStart, before] = [0, 0];
  return (bytes) => {
    const end = Math.min(dataEnd, partStart + bytes.length);
    const isData = (place: number) => {
      const index = place - partStart;
      return bytes[index] !== 0xff && (index === 0 ? before : bytes[index - 1]) !== 0xff;
    };
    for (; next < places.length; next++) {
      at = Math.max(at, places[next] as number);
      while (at < end && !isData(at)) at += 1;
      if (at >= end) break;
      bytes[at - partStart] = otherValue(bytes[at - partStart] as number, hashOfRow(valueSeed, next));
      at += 1;
    }
    partStart += bytes.length;
    before = bytes.at(-1) ?? before;
  };
}

/** Returns one of the 254 values that are neither this one nor 0xff. */
function otherValue(value: number, hash: number): number {
  return (value + 1 + (hash % 254)) % 255;
}
