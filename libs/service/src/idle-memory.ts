import { Session } from "node:inspector/promises";
import { getHeapStatistics } from "node:v8";
import type { Logger } from "@pixelmesh/telemetry";

/** Options of the idle collection. */
export type IdleMemoryOptions = {
  readonly log: Logger;
  /** Interval of the check; default 5 s. */
  readonly lookEveryMs?: number;
  /** Collects garbage; default: all of it, over the inspector of the process. */
  readonly collect?: () => Promise<void>;
};

/** A process is idle if its event loop was busy for less than this share of the time since the last check. */
const idleShare = 0.05;
/** The heap must have grown by this much: a collection blocks the event loop for up to 0.1 s. */
const worthBytes = 32 * 2 ** 20;

/**
 * Collects garbage when the process is idle and its heap has grown. V8 does not shrink the heap of a process that allocates nothing, so
 * an idle process would keep the heap of its busiest second. Call the returned function to stop.
 */
export function startIdleCollection({
  log,
  lookEveryMs = 5_000,
  collect = collectGarbage,
}: IdleMemoryOptions): () => void {
  let leastBytes = getHeapStatistics().total_heap_size;
  let before = performance.eventLoopUtilization();
  let isCollecting = false;

  async function look(): Promise<void> {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    const { total_heap_size: heapBytes } = getHeapStatistics();
    leastBytes = Math.min(leastBytes, heapBytes);
    if (isCollecting || utilization > idleShare || heapBytes < leastBytes + worthBytes) return;
    isCollecting = true;
    try {
      await collect();
      leastBytes = getHeapStatistics().total_heap_size;
      log.debug({ heapBytes, leftBytes: leastBytes }, "garbage collected while idle");
    } catch (error) {
      log.debug({ err: error }, "garbage not collected");
    } finally {
      isCollecting = false;
    }
  }

  const timer = setInterval(() => void look(), lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

async function collectGarbage(): Promise<void> {
  const session = new Session();
  session.connect();
  try {
    await session.post("HeapProfiler.collectGarbage");
  } finally {
    session.disconnect();
  }
}
