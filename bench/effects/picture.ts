import { toEncoded, toLinear } from "../../services/effects/src/domain/color/color.ts";

/** A decoded picture of RGB bytes without gaps. */
export type Picture = { readonly widthPx: number; readonly heightPx: number; readonly data: Uint8Array };

/** An effect as a straight loop over typed arrays. Returns the bytes of the result. */
export type Loop = (picture: Picture) => Uint8Array;

/** Linear light of each byte. */
export const lightOfByte = Float32Array.from({ length: 256 }, (_, byte) => toLinear(byte / 255));

/** The byte of linear light: the entry at 65535 times light from 0 to 1, rounded. */
export const byteOfLight = Uint8Array.from({ length: 65_536 }, (_, i) => Math.round(255 * toEncoded(i / 65_535)));

/** Returns the byte of linear light; what lies outside 0 to 1 is limited. */
export function toByte(light: number): number {
  const limited = light < 0 ? 0 : Math.min(light, 1);
  return byteOfLight[(limited * 65_535 + 0.5) | 0] as number;
}

/** Returns the bytes of a picture as linear light. */
export function toLight({ data }: Picture): Float32Array {
  const light = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) light[i] = lightOfByte[data[i] as number] as number;
  return light;
}

/** Returns linear light as bytes. */
export function toBytes(light: Float32Array): Uint8Array {
  const bytes = resultBytes(light.length);
  for (let i = 0; i < light.length; i++) bytes[i] = toByte(light[i] as number);
  return bytes;
}

/** Returns a plane of the luminances of all pixels (ITU-R BT.709-6, 3.2), linear. */
export function toLuminance({ data }: Picture): Float32Array {
  const plane = new Float32Array(data.length / 3);
  for (let x = 0, i = 0; i < data.length; x++, i += 3) {
    plane[x] =
      0.2126 * (lightOfByte[data[i] as number] as number) +
      0.7152 * (lightOfByte[data[i + 1] as number] as number) +
      0.0722 * (lightOfByte[data[i + 2] as number] as number);
  }
  return plane;
}

let kept = new Uint8Array(0);

/** Returns the bytes for the result of a loop, all 0. They are those of the loop before: memory that is new costs more than some loops. */
export function resultBytes(length: number): Uint8Array {
  if (kept.length === length) kept.fill(0);
  else kept = new Uint8Array(length);
  return kept;
}

/** Returns a copy of a picture's bytes for a result. */
export function resultCopy(data: Uint8Array): Uint8Array {
  if (kept.length !== data.length) kept = new Uint8Array(data.length);
  kept.set(data);
  return kept;
}
