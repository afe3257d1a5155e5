/** Which traces are kept whatever becomes of them. */
export type ChoiceOptions = {
  /** Share of all, 0 to 1. */
  readonly ratio: number;
  /** And never more than these a second, on average; as many may come at once. */
  readonly perSecond: number;
  /** Milliseconds of a clock that does not go back. */
  readonly now?: () => number;
};

/**
 * Chooses by chance, up to a rate: what traces cost stays the same however busy the service is. The rate is kept by a token
 * bucket that holds one second's worth, at least one.
 */
export function createTraceChoice({ ratio, perSecond, now = () => performance.now() }: ChoiceOptions): () => boolean {
  const most = Math.max(1, perSecond);
  let left = most;
  let at = now();
  return () => {
    if (Math.random() >= ratio) return false;
    const until = now();
    left = Math.min(most, left + ((until - at) * perSecond) / 1_000);
    at = until;
    if (left < 1) return false;
    left--;
    return true;
  };
}
