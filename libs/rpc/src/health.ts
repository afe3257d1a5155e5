import { AppError } from "@pixelmesh/errors";
import { HealthDefinition, type HealthServiceImpl } from "nice-grpc-server-health";
import { HealthCheckResponse_ServingStatus as Serving } from "nice-grpc-server-health/lib/proto/grpc/health/v1/health.js";
import { createOpenLimit } from "./open-limit.ts";

/**
 * The health of a process by grpc.health.v1. Names: `startup`, `readiness`, `liveness`, "" (= readiness), the full name of each
 * service of the process (= readiness), and `standby`, which is readiness of one that may lead or stand by. Other names are
 * NOT_FOUND, and SERVICE_UNKNOWN for a watch.
 */
export type Health = {
  /** The process has opened everything. */
  setStarted(): void;
  /** Something the process needs (`broker`, …) is there or not. Ready means started, every need met, not stopping. */
  setNeed(name: string, met: boolean): void;
  /** Another process leads: not ready, and nothing is wrong. */
  setStandby(isStandby: boolean): void;
  /** From now on not ready; open watches are told. */
  setStopping(): void;
  /** Adds full names of services that the process serves. */
  addServices(names: readonly string[]): void;
  isReady(): boolean;
  /** Ends the timers. */
  close(): void;
  readonly definition: typeof HealthDefinition;
  readonly implementation: ReturnType<typeof HealthServiceImpl>;
};

const maxLagMs = 5_000;

/** Health of a process that has not started yet. Liveness fails only while the event loop is blocked for over 5 s. */
export function createHealth(maxWatches = 1_000): Health {
  const needs = new Map<string, boolean>();
  const services = new Set<string>([HealthDefinition.fullName]);
  /** One for each open watch. */
  const wakes = new Set<() => void>();
  const watches = createOpenLimit(maxWatches, "health watches");
  let started = false;
  let standby = false;
  let stopping = false;
  let isAlive = true;
  let beatMs = performance.now();

  const isWell = () => started && !stopping && [...needs.values()].every(Boolean);
  const isReady = () => isWell() && !standby;
  const ownNames = new Map<string, () => boolean>([
    ["", isReady],
    ["startup", () => started],
    ["readiness", isReady],
    ["liveness", () => isAlive],
    ["standby", isWell],
  ]);
  function statusOf(name: string): Serving {
    const isServing = ownNames.get(name) ?? (services.has(name) ? isReady : undefined);
    if (!isServing) return Serving.SERVICE_UNKNOWN;
    return isServing() ? Serving.SERVING : Serving.NOT_SERVING;
  }
  const tellWatches = () => {
    for (const wake of wakes) wake();
  };
  function change(set: () => void): void {
    set();
    tellWatches();
  }

  const timer = setInterval(() => {
    const nowMs = performance.now();
    const wasAlive = isAlive;
    isAlive = nowMs - beatMs <= maxLagMs;
    beatMs = nowMs;
    if (isAlive !== wasAlive) tellWatches();
  }, 1_000);
  timer.unref();

  async function* watch(name: string, signal: AbortSignal) {
    let told: Serving | undefined;
    for (;;) {
      signal.throwIfAborted();
      const { promise: isChanged, resolve: wake, reject } = Promise.withResolvers<void>();
      const onAbort = () => reject(signal.reason);
      wakes.add(wake);
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        const status = statusOf(name);
        if (status !== told) yield { status };
        told = status;
        await isChanged;
      } finally {
        wakes.delete(wake);
        signal.removeEventListener("abort", onAbort);
      }
    }
  }

  return {
    setStarted: () =>
      change(() => {
        started = true;
      }),
    setNeed: (name, met) => change(() => needs.set(name, met)),
    setStandby: (isStandby) =>
      change(() => {
        standby = isStandby;
      }),
    setStopping: () =>
      change(() => {
        stopping = true;
      }),
    addServices: (names) =>
      change(() => {
        for (const name of names) services.add(name);
      }),
    isReady,
    close: () => clearInterval(timer),
    definition: HealthDefinition,
    implementation: {
      async check({ service }) {
        const status = statusOf(service);
        if (status !== Serving.SERVICE_UNKNOWN) return { status };
        const known = [...ownNames.keys(), ...services].filter((name) => name !== "").join(", ");
        const text = `This process has no service \`${service.slice(0, 64)}\`; it has ${known}`;
        throw new AppError("UNKNOWN_SERVICE", text, { metadata: { known } });
      },
      watch: ({ service }, { signal }) => watches.run(() => watch(service, signal)),
    },
  };
}

/** The contract of grpc.health.v1, for asking other processes. */
export { HealthDefinition };
