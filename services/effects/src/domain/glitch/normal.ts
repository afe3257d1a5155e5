/**
 * Returns the quantile of the normal distribution with mean 0 and deviation 1 for a share from 1e-6 to 1 - 1e-6, to about 7 digits: routine PPND7 of
 * M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution" (1988).
 */
export function normalQuantile(share: number): number {
  const fromMiddle = share - 0.5;
  if (Math.abs(fromMiddle) <= 0.425) {
    const r = 0.180625 - fromMiddle * fromMiddle;
    const above = ((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179;
    return (fromMiddle * above) / (((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1);
  }
  const r = Math.sqrt(-Math.log(Math.min(share, 1 - share))) - 1.6;
  const above = ((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777;
  const quantile = above / ((0.12021132975 * r + 0.7370016425) * r + 1);
  return fromMiddle < 0 ? -quantile : quantile;
}

const entries = 8_192;

let unit: Float64Array | undefined;

/** Returns 8192 equally likely values of a normal distribution with mean 0, rising, whose deviation is exactly `deviation`. */
export function normalTable(deviation: number): Float32Array {
  unit ??= createUnit();
  return Float32Array.from(unit, (value) => value * deviation);
}

// The middle of each of the equal shares; without the thin tails their deviation would be a little too small.
function createUnit(): Float64Array {
  const values = Float64Array.from({ length: entries }, (_, i) => normalQuantile((i + 0.5) / entries));
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / entries);
  return values.map((value) => value / deviation);
}
