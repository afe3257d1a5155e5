/** Bounds repeated calls, so that a provider with problems does not get many more calls than usual. */
export type RetryBudget = {
  /** A step has made its first call. */
  earn(): void;
  /** Takes the right to one extra call. Returns false if there is none. */
  take(): boolean;
  /** The extra call was not made after all. */
  giveBack(): void;
};

/** Extra calls for each first call. */
const extraShare = 0.2;
/** Extra calls that may be saved up, and that a new process begins with: a mesh with few calls may repeat them too. */
const maxSaved = 10;

/** Creates a budget: at most 20 % extra calls of all first calls of this process, and 10 more. */
export function createRetryBudget(): RetryBudget {
  // Counted in tenths, because sums of fractions are not exact.
  const unit = 10;
  let saved = maxSaved * unit;
  return {
    earn() {
      saved = Math.min(maxSaved * unit, saved + extraShare * unit);
    },
    take() {
      if (saved < unit) return false;
      saved -= unit;
      return true;
    },
    giveBack() {
      saved = Math.min(maxSaved * unit, saved + unit);
    },
  };
}
