import { totalmem } from "node:os";

/** Memory of the process and of what it runs in, in bytes. */
export type MemoryReading = {
  /** Resident memory of the process. */
  readonly usedBytes: number;
  /** What the process may use at most. */
  readonly limitBytes: number;
  /** What the machine, or its control group, has left for the process. */
  readonly availableBytes: number;
};

/** Above this part of its limit the process is under pressure; below the lower one the budget may grow again. */
const highPart = 0.85;
const lowPart = 0.7;
/** The machine is under pressure with less than this part of the limit left. */
const leastAvailablePart = 0.05;
/** The budget is restored in steps of this part of it. */
const growPart = 1 / 8;

/**
 * Returns the next budget of the hot tier: what is missing to the lower mark is given up at once, and at least half; without pressure the budget
 * grows by an eighth at a time, up to `maxBytes`.
 */
export function nextHotBudget(budgetBytes: number, maxBytes: number, memory: MemoryReading): number {
  const { usedBytes, limitBytes, availableBytes } = memory;
  const isUnderPressure = usedBytes > highPart * limitBytes || availableBytes < leastAvailablePart * limitBytes;
  if (isUnderPressure) {
    const excessBytes = Math.max(budgetBytes / 2, usedBytes - lowPart * limitBytes);
    return Math.max(0, Math.floor(budgetBytes - excessBytes));
  }
  if (usedBytes > lowPart * limitBytes) return budgetBytes;
  return Math.min(maxBytes, budgetBytes + Math.ceil(maxBytes * growPart));
}

/** Reads the memory of this process. `ownLimitBytes` is its own limit, if it is below those of the control group and the machine. */
export function readMemory(ownLimitBytes: number): MemoryReading {
  const constrained = process.constrainedMemory();
  const outerBytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return {
    usedBytes: process.memoryUsage.rss(),
    limitBytes: Math.min(ownLimitBytes, outerBytes),
    availableBytes: process.availableMemory(),
  };
}
