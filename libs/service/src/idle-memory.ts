import { Session } from "node:inspector/promises";
import { getHeapStatistics } from "node:v8";
import type { Logger } from "@pixelmesh/telemetry";

/** What an idle process is judged by. */
export type IdleMemoryOptions = {
  readonly log: Logger;
  /** Default 5 s. */
  readonly lookEveryMs?: number;
  /** Collects garbage; default: all of it, over the inspector of the process. */
  readonly collect?: () => Promise<void>;
};

/** A process that spent less of the time since the last look than this in its event loop is idle. */
const idleShare = 0.05;
/** Growth of the heap that is worth a collection, which takes up to a tenth of a second. */
const worthBytes = 32 * 2 ** 20;

/**
 * Gives memory back that a burst of work has left. V8 keeps its heap at the size it had as long as nothing is allocated, so an idle process
 * would hold what its busiest second took. Ends with the answer.
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
