import { hash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";

/** Admits a request of a caller. Throws RATE_LIMITED with the time after which the next one is admitted. */
export type RateLimit = (caller: string) => void;

type Bucket = { tokens: number; atMs: number };

/** Callers that are remembered. The one that came longest ago is forgotten first; its bucket begins full again. */
const maxCallers = 10_000;

/** Creates a limit of requests per second for each caller, by token buckets that hold twice as many. 0 admits all. `now` is in milliseconds. */
export function createRateLimit(perSecond: number, now: () => number = () => performance.now()): RateLimit {
  if (perSecond === 0) return () => {};
  const capacity = 2 * perSecond;
  const buckets = new Map<string, Bucket>();
  return (caller) => {
    // A digest, so that no token is kept.
    const key = hash("sha256", caller, "base64");
    const atMs = now();
    const known = buckets.get(key);
    const tokens = known ? Math.min(capacity, known.tokens + ((atMs - known.atMs) / 1000) * perSecond) : capacity;
    buckets.delete(key);
    buckets.set(key, { tokens: tokens < 1 ? tokens : tokens - 1, atMs });
    if (buckets.size > maxCallers) buckets.delete(buckets.keys().next().value as string);
    if (tokens >= 1) return;
    const retryAfterMs = Math.max(1, Math.ceil(((1 - tokens) / perSecond) * 1000));
    throw new AppError("RATE_LIMITED", `Expected at most ${perSecond} requests per second, got more`, { retryAfterMs });
  };
}
