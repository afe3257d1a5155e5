import { didYouMean } from "./nearest.ts";
import { wrongFlag } from "./usage-error.ts";

/** Parses a whole number within inclusive bounds; throws UsageError. */
export function integerFlag(flag: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw wrongFlag(flag, `an integer from ${min} to ${max}`, text);
  };
}

/** Parses a decimal number within inclusive bounds; throws UsageError. */
export function numberFlag(flag: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw wrongFlag(flag, `a number from ${min} to ${max}`, text);
  };
}

/** Parses one of several words, in lower or upper case; throws UsageError with the nearest of them. `aliases` are further words for some of them. */
export function choiceFlag<const C extends string>(
  flag: string,
  choices: readonly C[],
  aliases: ReadonlyMap<string, C> = new Map(),
): (text: string) => C {
  return (text) => {
    const word = text.toLowerCase();
    const found = choices.find((choice) => choice === word) ?? aliases.get(word);
    if (found !== undefined) return found;
    const hint = didYouMean(text, [...choices, ...aliases.keys()]);
    throw wrongFlag(flag, `one of ${choices.join(", ")}`, text, hint);
  };
}

// Not the parser of settings, whose imports would slow down every command.
const unitsMs: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

function parseDuration(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)$/.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (unitsMs.get(unit) as number);
}

/** Parses a duration such as `90s` within inclusive bounds, in milliseconds; throws UsageError. */
export function durationFlag(flag: string, min: string, max: string): (text: string) => number {
  const [minMs = 0, maxMs = 0] = [parseDuration(min), parseDuration(max)];
  return (text) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= minMs && ms <= maxMs) return ms;
    throw wrongFlag(flag, `a duration such as 90s or 10m, from ${min} to ${max}`, text);
  };
}

const maxAgoMs = 366 * 24 * 3_600_000;

/** Parses a time: a duration such as `2h`, counted back from now, or a date of ISO 8601; throws UsageError. */
export function timeFlag(flag: string): (text: string) => Date {
  return (text) => {
    const agoMs = parseDuration(text);
    if (agoMs !== undefined && agoMs <= maxAgoMs) return new Date(Date.now() - agoMs);
    const date = /^\d{4}-\d{2}-\d{2}/.test(text) ? new Date(text) : new Date(Number.NaN);
    if (date.getTime() >= 0) return date;
    throw wrongFlag(flag, "a duration such as 90s, 2h or 3d, or a time such as 2026-11-30T12:00Z", text);
  };
}

/** Parses each use of a flag that may be given several times. */
export function repeatedFlag<T>(parse: (text: string) => T): (text: string, previous: readonly T[] | undefined) => T[] {
  return (text, previous = []) => [...previous, parse(text)];
}

/** Parses `HOST:PORT` (an IPv6 host in brackets) or `dns:///HOST:PORT`, a name with several addresses; throws UsageError. */
export function parseAddress(text: string, flag = "--address"): { readonly host: string; readonly port: number } {
  const match = /^(?:dns:\/\/\/)?(?:\[([^\]]+)\]|([^:[\]/]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match && port >= 1 && port <= 65_535) return { host: (match[1] ?? match[2]) as string, port };
  throw wrongFlag(flag, "HOST:PORT or dns:///HOST:PORT", text);
}
