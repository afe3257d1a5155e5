import { cpus } from "node:os";
import { performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";

/** Options of the idle collection. */
export type IdleMemoryOptions = {
  readonly log?: { debug(fields: object, message: string): void };
  /** Interval of the check; default 5 s. */
  readonly lookEveryMs?: number;
  /** Collects garbage; default: all of it, over the inspector of the process. */
  readonly collect?: () => Promise<void>;
  /** Returns how busy the event loop was since the last call, from 0 to 1; default: Node's event loop utilization. */
  readonly readLoop?: () => number;
  /** Returns the size of the heap in bytes; default: from V8. */
  readonly readHeap?: () => number;
  /** Returns the processor time of the whole machine since its start; default: from the kernel. */
  readonly readMachine?: () => MachineTimes;
};

/** Processor time of all cores, in milliseconds: all of it, and the part in which nothing ran. */
export type MachineTimes = { readonly totalMs: number; readonly idleMs: number };

/** A process is idle if its event loop was less busy than this since the last check, from 0 to 1. */
const idleShare = 0.05;
/** The machine has room for a collection if nothing ran for this share of its processor time since the last check. */
const freeShare = 0.5;
/** Checks after which a collection no longer waits for the machine: a minute. */
const mostPostponed = 12;
/** The heap must have grown by this much: a collection blocks the event loop for up to 0.1 s. */
const worthBytes = 16 * 2 ** 20;

/**
 * Collects garbage when the process and the machine are idle and the heap has grown, at first since the process began. V8 does not shrink
 * the heap of a process that allocates nothing, so an idle process would keep the heap of its start, or of its busiest second. The threads
 * that collect wait for cores: on a busy machine the event loop is then blocked for many times as long, so a collection is postponed there,
 * for a minute at most. Call the returned function to stop.
 */
export function startIdleCollection({
  log = { debug() {} },
  lookEveryMs = 5_000,
  collect = collectGarbage,
  readLoop = createLoopReader(),
  readHeap = () => getHeapStatistics().total_heap_size,
  readMachine = readMachineTimes,
}: IdleMemoryOptions = {}): () => void {
  let leastBytes = 0;
  let machine: MachineTimes | undefined;
  let postponed = 0;
  let isCollecting = false;

  async function look(): Promise<void> {
    const busyShare = readLoop();
    const heapBytes = readHeap();
    leastBytes = Math.min(leastBytes, heapBytes);
    const isWorth = heapBytes >= leastBytes + worthBytes;
    // A collection that is no longer worth it is not postponed: the next one waits for the machine anew.
    if (!isWorth) postponed = 0;
    if (isCollecting || busyShare > idleShare || !isWorth) {
      // The first idle check after a busy one then knows the machine's use since that one.
      machine = isWorth ? readMachine() : undefined;
      return;
    }
    if (!hasRoom() && postponed < mostPostponed) {
      postponed += 1;
      return;
    }
    postponed = 0;
    isCollecting = true;
    try {
      await collect();
      leastBytes = readHeap();
      log.debug({ heapBytes, leftBytes: leastBytes }, "garbage collected while idle");
    } catch (error) {
      log.debug({ err: error }, "garbage not collected");
    } finally {
      isCollecting = false;
    }
  }

  /** Whether the machine had room since the last check; false if that check did not ask. */
  function hasRoom(): boolean {
    const [earlier, now] = [machine, readMachine()];
    machine = now;
    if (earlier === undefined) return false;
    return now.idleMs - earlier.idleMs >= freeShare * (now.totalMs - earlier.totalMs);
  }

  const timer = setInterval(() => void look(), lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

function createLoopReader(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const { utilization } = performance.eventLoopUtilization(before);
    before = performance.eventLoopUtilization();
    return utilization;
  };
}

function readMachineTimes(): MachineTimes {
  let [totalMs, idleMs] = [0, 0];
  for (const { times } of cpus()) {
    totalMs += times.user + times.nice + times.sys + times.irq + times.idle;
    idleMs += times.idle;
  }
  return { totalMs, idleMs };
}

async function collectGarbage(): Promise<void> {
  // Loaded on first use: it is not needed by a process that ends soon.
  const { Session } = await import("node:inspector/promises");
  const session = new Session();
  session.connect();
  try {
    await session.post("HeapProfiler.collectGarbage");
  } finally {
    session.disconnect();
  }
}
