import { AppError } from "@pixelmesh/errors";
import type { CallGate } from "@pixelmesh/rpc";

/**
 * Creates the gate of CreateJob, or with `does` that of other calls. At most `maxCalls` calls are in progress, at most half of them of one tenant, so that a flood of one
 * tenant leaves capacity for others. Calls above that are refused with QUEUE_FULL and RetryInfo, and `onRefused` is called. RetryInfo
 * is the time that the calls in progress need to end at the recent rate, spread by ±25 % and between 0.5 and 10 s.
 */
export function createGate(
  maxCalls: number,
  onRefused: () => void,
  does: (calls: number) => string = (calls) => `receives ${calls} jobs`,
): CallGate & { readonly inProgress: number } {
  const byTenant = new Map<string, number>();
  const maxPerTenant = Math.ceil(maxCalls / 2);
  let inProgress = 0;
  /** Moving average of the time between two ends of calls while others are in progress, in milliseconds. */
  let paceMs = 10;
  let endedMs = 0;

  function refuse(text: string): never {
    const waitMs = Math.min(10_000, Math.max(500, inProgress * paceMs));
    onRefused();
    throw new AppError("QUEUE_FULL", text, { retryAfterMs: Math.round(waitMs * (0.75 + Math.random() / 2)) });
  }

  return {
    get inProgress() {
      return inProgress;
    },
    enter(tenant) {
      const own = byTenant.get(tenant) ?? 0;
      if (inProgress >= maxCalls) refuse(`This replica ${does(inProgress)}, as many as it can; try again`);
      if (own >= maxPerTenant) refuse(`This replica ${does(own)} of the tenant, as many as it may; try again`);
      inProgress += 1;
      byTenant.set(tenant, own + 1);
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        const nowMs = performance.now();
        if (inProgress > 1 && endedMs > 0) paceMs = 0.9 * paceMs + 0.1 * Math.min(1_000, nowMs - endedMs);
        endedMs = nowMs;
        inProgress -= 1;
        const left = (byTenant.get(tenant) ?? 1) - 1;
        if (left === 0) byTenant.delete(tenant);
        else byTenant.set(tenant, left);
      };
    },
  };
}
