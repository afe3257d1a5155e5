/** Head sampling: decides which traces are kept when they begin. */
export type HeadSampler = {
  /** Whether to keep the trace with this id, which begins now with a span of this name. */
  sample(traceId: string, name: string): boolean;
  /** Whether a trace that began in another process keeps the decision that was made there. */
  readonly followsCaller: boolean;
  /** Whether tail sampling keeps failed and slow traces that head sampling drops. */
  readonly hasTail: boolean;
};

/** Options of the mesh's own head sampling. */
export type HeadSamplingOptions = {
  /** Share of all traces, 0 to 1. */
  readonly ratio: number;
  /** Upper limit of sampled traces a second, on average. Bursts may have as many at once. */
  readonly perSecond: number;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
};

/** Most names whose first trace is kept. There are about 60 calls and routes. */
const maxNames = 256;

/**
 * Creates the mesh's own head sampler. It samples at random up to a rate, so that the cost of tracing does not grow with the load. A token
 * bucket that holds the tokens of one second, at least one, limits the rate. Besides, the first trace of each name is kept, so that a
 * new mesh has a trace of its first job. A ratio of 0 keeps none.
 */
export function createHeadSampler({
  ratio,
  perSecond,
  now = () => performance.now(),
}: HeadSamplingOptions): HeadSampler {
  const capacity = Math.max(1, perSecond);
  const seen = new Set<string>();
  let tokens = capacity;
  let refilledMs = now();

  function isFirst(name: string): boolean {
    if (ratio === 0 || seen.size >= maxNames || seen.has(name)) return false;
    seen.add(name);
    return true;
  }

  return {
    followsCaller: true,
    hasTail: true,
    sample(_traceId, name) {
      if (isFirst(name)) return true;
      if (Math.random() >= ratio) return false;
      const nowMs = now();
      tokens = Math.min(capacity, tokens + ((nowMs - refilledMs) * perSecond) / 1_000);
      refilledMs = nowMs;
      if (tokens < 1) return false;
      tokens--;
      return true;
    },
  };
}
