import { availableParallelism, loadavg } from "node:os";
import { calm, createLoadGauge, type Load, type LoadSignals, loadOf } from "@pixelmesh/pipeline";
import { type GetClusterResponse, SchedulerServiceDefinition, Zone } from "@pixelmesh/proto";
import type { Logger } from "@pixelmesh/telemetry";
import type { SchedulerLink } from "@pixelmesh/worker";

/** How busy the mesh is, for requests that allow their results to be lowered. */
export type LoadWatch = {
  /** The load just now, at most a second old. Never fails: what cannot be asked counts as calm. */
  read(): Promise<Load>;
  /** Notes a step of a model that was done: how long it had waited to begin, and how long it ran. */
  note(service: string, waitMs: number, runMs: number): void;
};

const freshMs = 1_000;
const timeoutMs = 1_000;
/** What is older says nothing about now. */
const recentMs = 30_000;
const newestShare = 0.2;

type Mean = { readonly waitMs: number; readonly runMs: number; readonly atMs: number };

/** Watches by asking the scheduler when it is read. `cpuLoadMax` is the load of a core at which lowering begins; 0: it is not looked at. */
export function createLoadWatch(scheduler: SchedulerLink, cpuLoadMax: number, log: Logger): LoadWatch {
  const gauge = createLoadGauge();
  const means = new Map<string, Mean>();
  let known = { load: calm, atMs: Number.NEGATIVE_INFINITY };
  let reading: Promise<Load> | undefined;

  async function look(): Promise<Load> {
    const cluster = await scheduler
      .client(SchedulerServiceDefinition)
      .getCluster({}, { timeoutMs })
      .catch((error: unknown) => {
        log.debug({ err: error }, "load of the mesh not known");
        return undefined;
      });
    const nowMs = performance.now();
    const load = gauge.note(loadOf(toSignals(cluster, nowMs)), nowMs);
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

  /** How long the work that waits for each service will take, by what its steps took lately and how many run at once. */
  function backlogMs({ queues }: GetClusterResponse): number {
    return Math.max(
      0,
      ...[...means].map(([service, { runMs }]) => {
        const mine = queues.filter(({ name }) => name.startsWith(`${service}.`));
        const waiting = mine.reduce((sum, queue) => sum + queue.waiting, 0);
        const running = mine.reduce((sum, queue) => sum + queue.running, 0);
        return (waiting * runMs) / Math.max(1, running);
      }),
    );
  }

  return {
    async read() {
      if (performance.now() - known.atMs < freshMs) return known.load;
      reading ??= look().finally(() => {
        reading = undefined;
      });
      return reading;
    },
    note(service, waitMs, runMs) {
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

/** Tasks a core, scaled so that lowering begins where the setting says. */
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
