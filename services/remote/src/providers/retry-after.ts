type Header = (name: string) => string | undefined;

const leastMs = 100;
/** A provider that is closed for longer is asked again after an hour. */
const mostMs = 3_600_000;
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The time after which a provider takes calls again, by the headers of its answer, in milliseconds from 100 to an hour. In this order: `retry-after-ms`;
 * `retry-after` in seconds or as a date (RFC 9110); `ratelimit-reset` and `x-ratelimit-reset` in seconds or as a time since 1970; `ratelimit` with `t` (draft of
 * IETF); the longer one of `x-ratelimit-reset-requests` and `-tokens` such as `1m30s`, of those whose rest is 0 if any is. Undefined without these.
 */
export function findRetryAfterMs(header: Header, nowUnixMs: number): number | undefined {
  const found =
    parseNumber(header("retry-after-ms")) ??
    parseTime(header("retry-after"), nowUnixMs) ??
    parseTime(header("ratelimit-reset"), nowUnixMs) ??
    parseTime(header("x-ratelimit-reset"), nowUnixMs) ??
    parseTime(/;\s*t=(\d+)/.exec(header("ratelimit") ?? "")?.[1], nowUnixMs) ??
    longestReset(header);
  return found === undefined ? undefined : Math.min(mostMs, Math.max(leastMs, Math.ceil(found)));
}

function parseNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}(\.\d{1,9})?$/.test(text.trim()) ? Number(text) : undefined;
}

/** A time in seconds, since 1970 in seconds or milliseconds, or as a date. */
function parseTime(text: string | undefined, nowUnixMs: number): number | undefined {
  const seconds = parseNumber(text);
  if (seconds !== undefined)
    return seconds > 1e12 ? seconds - nowUnixMs : seconds > 1e9 ? seconds * 1_000 - nowUnixMs : seconds * 1_000;
  const date = text !== undefined && /^([A-Z][a-z]{2,8}, |\d{4}-\d\d-\d\dT)/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : date - nowUnixMs;
}

function longestReset(header: Header): number | undefined {
  const kinds = ["requests", "tokens", "images"].flatMap((kind) => {
    const resetMs = parseSpan(header(`x-ratelimit-reset-${kind}`));
    return resetMs === undefined ? [] : [{ resetMs, isSpent: header(`x-ratelimit-remaining-${kind}`)?.trim() === "0" }];
  });
  const spent = kinds.filter(({ isSpent }) => isSpent);
  const counted = (spent.length > 0 ? spent : kinds).map(({ resetMs }) => resetMs);
  return counted.length > 0 ? Math.max(...counted) : undefined;
}

/** A span such as `6m0s`, `1.5s` or `12ms`. */
function parseSpan(text: string | undefined): number | undefined {
  if (text === undefined || !/^(\d{1,9}(\.\d{1,9})?(ms|s|m|h|d))+$/.test(text.trim())) return undefined;
  let ms = 0;
  for (const [, amount, unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g))
    ms += Number(amount) * (unitMs[unit] ?? 0);
  return ms;
}
