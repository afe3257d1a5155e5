const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const byteUnits: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

/** Parses a duration such as `250ms`, `30s`, `15m`, `24h`, `7d` into milliseconds. Returns undefined for other text. */
export function parseDuration(text: string): number | undefined {
  return parseQuantity(text, durationUnits);
}

/** Parses a size such as `64MiB`, `2GB`, `512B` into bytes. Returns undefined for other text. */
export function parseByteSize(text: string): number | undefined {
  return parseQuantity(text, byteUnits);
}

/** Parses a percentage such as `85%` into a ratio from 0 to 1. Returns undefined for other text. */
export function parsePercent(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim());
  const value = match ? Number(match[1]) / 100 : Number.NaN;
  return value >= 0 && value <= 1 ? value : undefined;
}

/** Writes a duration in its largest whole unit: 90000 becomes `90s`. */
export function toDurationText(ms: number): string {
  return toQuantityText(ms, ["d", "h", "m", "s", "ms"], durationUnits);
}

/** Writes a size in its largest whole binary unit: 67108864 becomes `64MiB`. */
export function toByteSizeText(bytes: number): string {
  return toQuantityText(bytes, ["TiB", "GiB", "MiB", "KiB", "B"], byteUnits);
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text.trim());
  const factor = match ? units[match[2] as string] : undefined;
  if (match === null || factor === undefined) return undefined;
  const value = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(value) ? value : undefined;
}

function toQuantityText(value: number, names: readonly string[], units: Readonly<Record<string, number>>): string {
  for (const name of names) {
    const factor = units[name] as number;
    if (value >= factor && value % factor === 0) return `${value / factor}${name}`;
  }
  return `${value}${names.at(-1)}`;
}
