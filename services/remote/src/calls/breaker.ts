/** When a breaker opens, and for how long. */
export type BreakerRules = {
  readonly failuresInARow: number;
  /** Of the last `window` calls, at least so many failed. */
  readonly window: number;
  readonly failuresInWindow: number;
  /** The first opening lasts so long, each further one twice as long as the one before, at most `maxOpenMs`. */
  readonly openMs: number;
  readonly maxOpenMs: number;
};

/** 5 failures in a row, or half of the last 20 calls; 30 s, doubling to 5 minutes. */
export const defaultBreakerRules: BreakerRules = {
  failuresInARow: 5,
  window: 20,
  failuresInWindow: 10,
  openMs: 30_000,
  maxOpenMs: 5 * 60_000,
};

/** `half_open`: one call at a time, until one has succeeded or failed. */
export type BreakerPhase = "closed" | "open" | "half_open";

/** A circuit breaker. Times are of one monotonic clock, in ms. Pure but for its own state. */
export type Breaker = {
  read(nowMs: number): { readonly phase: BreakerPhase; readonly openForMs: number };
  succeeded(nowMs: number): void;
  /** Returns whether this failure has opened the breaker. */
  failed(nowMs: number): boolean;
};

/**
 * Creates a closed breaker. While it is open, outcomes of calls that began before do not change it. A half-open one that gets no call for as long as it was open
 * closes: then other processes make the calls, and their breakers see the failures.
 */
export function createBreaker(rules: BreakerRules = defaultBreakerRules): Breaker {
  let outcomes: boolean[] = [];
  let inARow = 0;
  /** Openings since the last success in a half-open state. */
  let openings = 0;
  let openUntilMs: number | undefined;
  let openedForMs = 0;

  function open(nowMs: number): true {
    openedForMs = Math.min(rules.maxOpenMs, rules.openMs * 2 ** openings);
    openings += 1;
    openUntilMs = nowMs + openedForMs;
    outcomes = [];
    inARow = 0;
    return true;
  }

  function phaseAt(nowMs: number): BreakerPhase {
    if (openUntilMs === undefined) return "closed";
    if (nowMs < openUntilMs) return "open";
    if (nowMs < openUntilMs + openedForMs) return "half_open";
    openUntilMs = undefined;
    return "closed";
  }

  return {
    read(nowMs) {
      const phase = phaseAt(nowMs);
      return { phase, openForMs: phase === "open" ? (openUntilMs ?? nowMs) - nowMs : 0 };
    },
    succeeded(nowMs) {
      const phase = phaseAt(nowMs);
      if (phase === "open") return;
      if (phase === "half_open") {
        openUntilMs = undefined;
        outcomes = [];
      }
      openings = 0;
      inARow = 0;
      outcomes = [...outcomes, true].slice(-rules.window);
    },
    failed(nowMs) {
      const phase = phaseAt(nowMs);
      if (phase === "open") return false;
      if (phase === "half_open") return open(nowMs);
      inARow += 1;
      outcomes = [...outcomes, false].slice(-rules.window);
      const failures = outcomes.filter((succeeded) => !succeeded).length;
      const isFull = outcomes.length === rules.window && failures >= rules.failuresInWindow;
      return inARow >= rules.failuresInARow || isFull ? open(nowMs) : false;
    },
  };
}
