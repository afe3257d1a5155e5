/** Facts about a model's output that show whether it can be right. */
export type FloatFacts = {
  /** No NaN and no infinity. */
  readonly finite: boolean;
  /** Every sample is exactly the same. */
  readonly constant: boolean;
  readonly least: number;
  readonly most: number;
};

/** Inspects every sample once. */
export function inspectFloats(data: Float32Array): FloatFacts {
  const first = data[0] as number;
  // A finite sample minus itself is 0. NaN and infinities give NaN, which stays NaN in a sum.
  let residue = 0;
  let least = first;
  let most = first;
  // By index: an iterator over so many samples takes ten times as long.
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    residue += value - value;
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { finite: residue === 0, constant: isConstant(data), least, most };
}

/** Whether every sample is exactly the same. Stops at the first that differs. */
export function isConstant(data: Float32Array): boolean {
  const first = data[0];
  let at = 0;
  while (at < data.length && data[at] === first) at++;
  return at === data.length;
}

/** Whether samples differ by 16 of 255 or more, so that one flat colour cannot be a right output of an upscaler. */
export function isVaried(data: Uint8Array): boolean {
  let least = 255;
  let most = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (value < least) least = value;
    if (value > most) most = value;
    if (most - least >= 16) return true;
  }
  return false;
}
