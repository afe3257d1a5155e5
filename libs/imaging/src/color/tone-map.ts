// SMPTE ST 2084 (PQ).
const M1 = 2610 / 16384;
const M2 = (2523 / 4096) * 128;
const C1 = 3424 / 4096;
const C2 = (2413 / 4096) * 32;
const C3 = (2392 / 4096) * 32;
const PQ_PEAK_NITS = 10_000;

// ITU-R BT.2408: diffuse white of HDR pictures, mapped to white of sRGB. BT.2100: nominal peak of an HLG display, used as the
// peak of PQ pictures too.
const WHITE_NITS = 203;
const PEAK_NITS = 1_000;
const HLG_SYSTEM_GAMMA = 1.2;

/** Converts PQ to linear light of sRGB. Compresses highlights channel by channel. */
export function pqToSdr(coded: number): number {
  return toneMap(pqToNits(coded));
}

/** Converts HLG to linear light of sRGB, as shown by a display of 1,000 cd/m². Compresses highlights channel by channel. */
export function hlgToSdr(coded: number): number {
  return toneMap(PEAK_NITS * hlgToScene(coded) ** HLG_SYSTEM_GAMMA);
}

function pqToNits(coded: number): number {
  const power = Math.max(0, coded) ** (1 / M2);
  return PQ_PEAK_NITS * (Math.max(0, power - C1) / (C2 - C3 * power)) ** (1 / M1);
}

function nitsToPq(nits: number): number {
  const power = (nits / PQ_PEAK_NITS) ** M1;
  return ((C1 + C2 * power) / (1 + C3 * power)) ** M2;
}

/** Inverts HLG's OETF: ARIB STD-B67, ITU-R BT.2100 table 5. */
function hlgToScene(coded: number): number {
  const a = 0.17883277;
  const b = 1 - 4 * a;
  const c = 0.5 - a * Math.log(4 * a);
  const v = Math.max(0, coded);
  return v <= 0.5 ? v ** 2 / 3 : (Math.exp((v - c) / a) + b) / 12;
}

/**
 * Applies the EETF of ITU-R BT.2390, 5.4.1, from a peak of 1,000 cd/m² to 203. It changes nothing up to about 90 cd/m²; above, a
 * Hermite spline in PQ reaches 203 at the peak. Returns light relative to 203.
 */
function toneMap(nits: number): number {
  const source = nitsToPq(PEAK_NITS);
  const target = nitsToPq(WHITE_NITS) / source;
  const knee = 1.5 * target - 0.5;
  const e = Math.min(1, nitsToPq(Math.max(0, nits)) / source);
  if (e < knee) return nits / WHITE_NITS;
  const t = (e - knee) / (1 - knee);
  const spline =
    (2 * t ** 3 - 3 * t ** 2 + 1) * knee + (t ** 3 - 2 * t ** 2 + t) * (1 - knee) + (3 * t ** 2 - 2 * t ** 3) * target;
  return pqToNits(spline * source) / WHITE_NITS;
}
