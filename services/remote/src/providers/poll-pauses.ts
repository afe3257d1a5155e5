/** Remembers how long predictions of each model took, and says when to read the next one. */
export type PollPauses = {
  /** Notes a prediction of a model: the times from its start at which it was last read as running, and first read as ended, in milliseconds. */
  note(model: string, ranUntilMs: number, endedByMs: number): void;
  /** The pauses of one prediction. */
  begin(model: string): (elapsedMs: number) => number;
};

const [firstPauseMs, lastPauseMs, growth, jitter] = [500, 5_000, 1.5, 0.2];
const keptTimes = 16;
const leastTimes = 4;
const maxModels = 256;
/** Near its usual time a prediction is read often: the pause is 3 % of its age, and at least 50 ms. */
const [finePauseMs, fineFraction] = [50, 0.03];
const [fineFrom, fineUntil] = [0.95, 1.5];
/**
 * The real end of a prediction lies between two reads. It is assumed at 0.8 of the later read or after. So a prediction that ended long before its
 * first read lowers the usual time by a fifth at most, and the next ones are still read often.
 */
const leastOfRead = 0.8;

/**
 * Creates an empty memory. The first pause is 0.5 s. Each next one is 1.5 times as long, up to 5 s, with 20 % jitter by `random` (0 to 1). After 4 predictions
 * of a model its usual time is known: the lower quartile of the last 16. Then the first pause ends at 0.95 of the usual time, and the pauses are short until
 * 1.5 times of it. So a slot of a provider is held little longer than the prediction takes.
 */
export function createPollPauses(random: () => number): PollPauses {
  const times = new Map<string, number[]>();
  return {
    note(model, ranUntilMs, endedByMs) {
      const tookMs = Math.max((ranUntilMs + endedByMs) / 2, leastOfRead * endedByMs);
      const own = times.get(model) ?? [];
      times.delete(model);
      times.set(model, [...own, tookMs].slice(-keptTimes));
      for (const oldest of times.keys()) if (times.size > maxModels) times.delete(oldest);
    },
    begin(model) {
      const usualMs = lowerQuartile(times.get(model) ?? []);
      let pauseMs = firstPauseMs / growth;
      return (elapsedMs) => {
        if (usualMs !== undefined && elapsedMs < fineUntil * usualMs)
          return Math.max(finePauseMs, fineFraction * elapsedMs, fineFrom * usualMs - elapsedMs);
        pauseMs = Math.min(lastPauseMs, pauseMs * growth);
        return pauseMs * (1 + jitter * (2 * random() - 1));
      };
    },
  };
}

function lowerQuartile(times: readonly number[]): number | undefined {
  if (times.length < leastTimes) return undefined;
  return [...times].sort((a, b) => a - b)[Math.floor(times.length / 4)];
}
