const decimals = 6;
/** A million of the currency: more is a mistake in the manifest. */
const maxMicros = 1_000_000_000_000n;

/**
 * Converts a price in a currency to millionths of it, exactly: by the shortest decimal text of the number. Returns undefined for a negative price, one with more
 * than 6 decimals, and one above a million.
 */
export function toMicros(price: number): number | undefined {
  const [, whole, fraction = "", exponent = "0"] = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(price)) ?? [];
  if (whole === undefined) return undefined;
  const shift = Number(exponent) + decimals - fraction.length;
  const digits = `${whole}${fraction}`;
  const kept = shift >= 0 ? digits.padEnd(digits.length + Math.min(shift, 32), "0") : digits.slice(0, shift);
  if (shift < 0 && /[1-9]/.test(digits.slice(shift))) return undefined;
  const micros = BigInt(kept === "" ? "0" : kept);
  return micros <= maxMicros ? Number(micros) : undefined;
}
