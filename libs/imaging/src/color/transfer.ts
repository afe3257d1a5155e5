import { hlgToSdr, pqToSdr } from "./tone-map.ts";

/** Maps a coded sample (0 to 1) to linear light, where 1 is white. */
export type Transfer = (coded: number) => number;

/** The curve of sRGB: IEC 61966-2-1. */
export const srgbToLinear: Transfer = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);

/** Returns a power law: 0 to 0, 1 to 1. */
export function powerTransfer(exponent: number): Transfer {
  return (v) => v ** exponent;
}

/** The transfer of a code point. */
export type NamedTransfer = {
  readonly name: string;
  readonly toLinear: Transfer;
  /** Light above white is compressed into sRGB's range. */
  readonly isHdr: boolean;
  /** The samples are read with sRGB's curve. */
  readonly isSrgb: boolean;
};

const named = (name: string, toLinear: Transfer): NamedTransfer => ({ name, toLinear, isHdr: false, isSrgb: false });
// BT.709 and its relatives describe a camera. Screens and browsers show them with a curve close to sRGB's; the inverse of the
// camera's curve would raise mid grey by 12 levels.
const video = (name: string): NamedTransfer => ({ name, toLinear: srgbToLinear, isHdr: false, isSrgb: true });
const decades = (count: number): Transfer => {
  return (v) => (v <= 0 ? 0 : 10 ** (count * (v - 1)));
};

/** Transfers by their code point in ITU-T H.273, table 3. */
export const cicpTransfers: ReadonlyMap<number, NamedTransfer> = new Map([
  [1, video("BT.709")],
  [4, named("gamma 2.2", powerTransfer(2.2))],
  [5, named("gamma 2.8", powerTransfer(2.8))],
  [6, video("BT.601")],
  [7, named("SMPTE 240M", (v) => (v < 0.0912 ? v / 4 : ((v + 0.1115) / 1.1115) ** (1 / 0.45)))],
  [8, named("linear light", (v) => v)],
  [9, named("logarithmic (100:1)", decades(2))],
  [10, named("logarithmic (316:1)", decades(2.5))],
  [11, video("xvYCC")],
  [12, video("BT.1361")],
  [13, { name: "sRGB", toLinear: srgbToLinear, isHdr: false, isSrgb: true }],
  [14, video("BT.2020 (10 bits)")],
  [15, video("BT.2020 (12 bits)")],
  [16, { name: "PQ", toLinear: pqToSdr, isHdr: true, isSrgb: false }],
  [17, named("SMPTE 428", (v) => Math.min(1, (52.37 / 48) * v ** 2.6))],
  [18, { name: "HLG", toLinear: hlgToSdr, isHdr: true, isSrgb: false }],
]);
