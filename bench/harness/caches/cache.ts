/** A request of a trace. Equal keys have equal sizes and savings. */
export type CacheRequest = {
  readonly key: number;
  readonly sizeBytes: number;
  /** What a hit saves. */
  readonly savedMs: number;
  /** Time since the start of the trace. */
  readonly atMs: number;
};

/** A cache with a budget of bytes. */
export type Cache = {
  /** Serves a request and stores what was missing. Returns whether it was a hit. */
  request(request: CacheRequest): boolean;
};

/** Creates an empty cache of a policy. `requests` is the length of the trace, for policies that size their memory by it. */
export type CachePolicy = (budgetBytes: number, requests: number) => Cache;

/** What a policy reached on a trace, in percent. */
export type CacheResult = { readonly hitPercent: number; readonly savedPercent: number };

/** Replays a trace on a policy with `budgetShare` (0 to 1) of the bytes of all its objects. */
export function replay(policy: CachePolicy, trace: readonly CacheRequest[], budgetShare: number): CacheResult {
  const sizes = new Map(trace.map(({ key, sizeBytes }) => [key, sizeBytes]));
  const budgetBytes = budgetShare * [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  const cache = policy(budgetBytes, trace.length);
  let hits = 0;
  let savedMs = 0;
  let wholeMs = 0;
  for (const request of trace) {
    wholeMs += request.savedMs;
    if (!cache.request(request)) continue;
    hits += 1;
    savedMs += request.savedMs;
  }
  return { hitPercent: (100 * hits) / trace.length, savedPercent: (100 * savedMs) / wholeMs };
}
