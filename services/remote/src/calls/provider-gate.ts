import { AppError } from "@pixelmesh/errors";
import { createBreaker } from "./breaker.ts";
import { createRetryBudget, type RetryBudget } from "./retry-budget.ts";

/** How a call ended, for the provider's health. `unknown`: it was cut off by us. */
export type CallOutcome = "succeeded" | "failed" | "refused" | "unknown";

/** What this process knows of a provider: whether it takes calls, and how many calls may be repeated. */
export type ProviderGate = {
  /**
   * Begins a call that creates a prediction. Throws PROVIDER_BUSY with RetryInfo while the provider is closed, and while another call shows whether it works
   * again. Returns what is called once with the outcome.
   */
  begin(): (outcome: CallOutcome) => void;
  /** A prediction has ended that another call, or this one, has created. */
  observe(outcome: CallOutcome): void;
  /** The provider takes no calls for so long: a rate limit or a quota. Undefined: it did not say how long. */
  close(forMs: number | undefined): void;
  read(): GateState;
  readonly retries: RetryBudget;
};

/** The state of a gate. `closedForMs` 0: open. */
export type GateState = {
  readonly closedForMs: number;
  /** As the scheduler is told: after failures longer, so that it learns of the trial before it takes the provider for open. */
  readonly announcedForMs: number;
  readonly closedWhy: string;
  readonly isProbing: boolean;
};

/** Time on a monotonic clock, in ms. */
export type MonotonicClock = { nowMs(): number };

/** Is told when a provider is closed. */
export type OnClosed = (cause: "rate_limit" | "failures", forMs: number) => void;

/** Two reports of a device lie at most so far apart. */
const announceMs = 2_000;
/** A rate limit without a time closes the provider for so long. */
const usualLimitMs = 5_000;
/** The longest time that counts: a wrong header must not close a provider for days. */
const maxLimitMs = 60 * 60_000;

/** Creates an open gate. */
export function createProviderGate(name: string, clock: MonotonicClock, onClosed: OnClosed = () => {}): ProviderGate {
  const breaker = createBreaker();
  const retries = createRetryBudget();
  let limitedUntilMs = Number.NEGATIVE_INFINITY;
  let probes = 0;

  function read(): GateState {
    const nowMs = clock.nowMs();
    const { phase, openForMs } = breaker.read(nowMs);
    const limitedForMs = Math.max(0, limitedUntilMs - nowMs);
    const closedForMs = Math.ceil(Math.max(openForMs, limitedForMs));
    const why = openForMs > limitedForMs ? "too many calls failed" : "rate limit or quota";
    const announcedForMs = phase === "open" ? Math.ceil(Math.max(openForMs + announceMs, limitedForMs)) : closedForMs;
    return { closedForMs, announcedForMs, closedWhy: closedForMs > 0 ? why : "", isProbing: phase === "half_open" };
  }

  function busy(retryAfterMs: number, why: string): AppError {
    return new AppError("PROVIDER_BUSY", `Provider \`${name}\` takes no calls now: ${why}`, { retryAfterMs });
  }

  function observe(outcome: CallOutcome): void {
    // A refusal is an answer: the provider works.
    if (outcome === "succeeded" || outcome === "refused") breaker.succeeded(clock.nowMs());
    else if (outcome === "failed" && breaker.failed(clock.nowMs()))
      onClosed("failures", breaker.read(clock.nowMs()).openForMs);
  }

  return {
    retries,
    read,
    observe,
    begin() {
      const { closedForMs, closedWhy, isProbing } = read();
      if (closedForMs > 0) throw busy(closedForMs, closedWhy);
      if (isProbing && probes > 0) throw busy(1_000, "another call shows whether it works again");
      probes += 1;
      let isOpen = true;
      return (outcome) => {
        if (!isOpen) return;
        isOpen = false;
        probes -= 1;
        observe(outcome);
      };
    },
    close(forMs = usualLimitMs) {
      const untilMs = clock.nowMs() + Math.min(maxLimitMs, Math.max(1, forMs));
      if (untilMs <= limitedUntilMs) return;
      limitedUntilMs = untilMs;
      onClosed("rate_limit", untilMs - clock.nowMs());
    },
  };
}
