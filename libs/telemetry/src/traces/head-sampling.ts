/** Options of head sampling: which traces are kept, decided when they begin. */
export type HeadSamplingOptions = {
  /** Share of all traces, 0 to 1. */
  readonly ratio: number;
  /** Upper limit of sampled traces a second, on average. Bursts may have as many at once. */
  readonly perSecond: number;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
};

/**
 * Creates a head sampler: returns whether to keep the trace that begins now. It samples at random up to a rate, so that the cost
 * of tracing does not grow with the load. A token bucket that holds the tokens of one second, at least one, limits the rate.
 */
export function createHeadSampler({
  ratio,
  perSecond,
  now = () => performance.now(),
}: HeadSamplingOptions): () => boolean {
  const capacity = Math.max(1, perSecond);
  let tokens = capacity;
  let refilledMs = now();
  return () => {
    if (Math.random() >= ratio) return false;
    const nowMs = now();
    tokens = Math.min(capacity, tokens + ((nowMs - refilledMs) * perSecond) / 1_000);
    refilledMs = nowMs;
    if (tokens < 1) return false;
    tokens--;
    return true;
  };
}
