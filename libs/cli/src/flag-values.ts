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

/** Parses one of several words; throws UsageError. */
export function choiceFlag<const C extends string>(flag: string, choices: readonly C[]): (text: string) => C {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw wrongFlag(flag, `one of ${choices.join(", ")}`, text);
  };
}

/** Parses each use of a flag that may be given several times. */
export function repeatedFlag<T>(parse: (text: string) => T): (text: string, previous: readonly T[] | undefined) => T[] {
  return (text, previous = []) => [...previous, parse(text)];
}

/** Host and port of `HOST:PORT` (an IPv6 host in brackets) or `dns:///HOST:PORT`, a name of several; throws UsageError. */
export function parseAddress(text: string, flag = "--address"): { readonly host: string; readonly port: number } {
  const match = /^(?:dns:\/\/\/)?(?:\[([^\]]+)\]|([^:[\]/]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match && port >= 1 && port <= 65_535) return { host: (match[1] ?? match[2]) as string, port };
  throw wrongFlag(flag, "HOST:PORT or dns:///HOST:PORT", text);
}
