import { availableParallelism, loadavg } from "node:os";
import { createLoadGauge, type Load, type LoadSignals, loadOf, noLoad } from "@pixelmesh/pipeline";
import { type GetClusterResponse, SchedulerServiceDefinition, Zone } from "@pixelmesh/proto";
import type { Logger } from "@pixelmesh/telemetry";
import type { SchedulerLink } from "@pixelmesh/worker";

/** Measures how busy the mesh is, for requests that allow degraded results. */
export type LoadMonitor = {
  /** Returns the load, at most a second old. Never throws: values that cannot be read count as no load. */
  read(): Promise<Load>;
  /** Records how long a completed step with a model waited to begin and how long it ran. */
  recordStep(service: string, waitMs: number, runMs: number): void;
};

const freshMs = 1_000;
const timeoutMs = 1_000;
/** Older durations are ignored. */
const recentMs = 30_000;
const newestShare = 0.2;

type Mean = { readonly waitMs: number; readonly runMs: number; readonly atMs: number };

/**
 * Creates a monitor that asks the scheduler when it is read. `cpuLoadMax` is the number of runnable tasks for each core at which
 * degradation begins; 0 ignores the cores.
 */
export function createLoadMonitor(scheduler: SchedulerLink, cpuLoadMax: number, log: Logger): LoadMonitor {
  const gauge = createLoadGauge();
  const means = new Map<string, Mean>();
  let known = { load: noLoad, atMs: Number.NEGATIVE_INFINITY };
  let reading: Promise<Load> | undefined;

  async function measure(): Promise<Load> {
    const cluster = await scheduler
      .client(SchedulerServiceDefinition)
      .getCluster({}, { timeoutMs })
      .catch((error: unknown) => {
        log.debug({ err: error }, "load of the mesh unknown");
        return undefined;
      });
    const nowMs = performance.now();
    const load = gauge.update(loadOf(toSignals(cluster, nowMs)), nowMs);
    known = { load, atMs: nowMs };
    return load;
  }

  function toSignals(cluster: GetClusterResponse | undefined, nowMs: number): LoadSignals {
    const recent = [...means.values()].filter(({ atMs }) => nowMs - atMs <= recentMs);
    return {
      cpuLoad: cpuLoad(cpuLoadMax),
      memoryZone: worstZone(cluster),
      queueWaitMs: cluster === undefined ? 0 : Math.max(slotWaitMs(cluster), backlogMs(cluster)),
      recentWaitMs: Math.max(0, ...recent.map(({ waitMs }) => waitMs)),
    };
  }

  /** Returns the longest time that the waiting work of a service will take, from the recent duration and concurrency of its steps. */
  function backlogMs({ queues }: GetClusterResponse): number {
    return Math.max(
      0,
      ...[...means].map(([service, { runMs }]) => {
        const own = queues.filter(({ name }) => name.startsWith(`${service}.`));
        const waiting = own.reduce((sum, queue) => sum + queue.waiting, 0);
        const running = own.reduce((sum, queue) => sum + queue.running, 0);
        return (waiting * runMs) / Math.max(1, running);
      }),
    );
  }

  return {
    async read() {
      if (performance.now() - known.atMs < freshMs) return known.load;
      reading ??= measure().finally(() => {
        reading = undefined;
      });
      return reading;
    },
    recordStep(service, waitMs, runMs) {
      const before = means.get(service) ?? { waitMs, runMs };
      const mix = (old: number, next: number) => old + newestShare * (next - old);
      means.set(service, {
        waitMs: mix(before.waitMs, waitMs),
        runMs: mix(before.runMs, runMs),
        atMs: performance.now(),
      });
    },
  };
}

/** Returns the runnable tasks for each core, scaled so that degradation begins at `max`. */
function cpuLoad(max: number): number {
  const [lastMinute = 0] = loadavg();
  return max === 0 ? 0 : (2 * lastMinute) / (availableParallelism() * max);
}

function worstZone(cluster: GetClusterResponse | undefined): 0 | 1 | 2 {
  const zones = cluster?.devices.map(({ zone }) => zone) ?? [];
  if (zones.includes(Zone.RED)) return 2;
  return zones.includes(Zone.AMBER) ? 1 : 0;
}

function slotWaitMs({ queues }: GetClusterResponse): number {
  return Math.max(0, ...queues.filter(({ name }) => name.startsWith("slots.")).map(({ oldestWaitMs }) => oldestWaitMs));
}
