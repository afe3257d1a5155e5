import { AppError } from "@pixelmesh/errors";
import { HealthDefinition, type HealthServiceImpl } from "nice-grpc-server-health";
import { HealthCheckResponse_ServingStatus as Serving } from "nice-grpc-server-health/lib/proto/grpc/health/v1/health.js";
import { createStreamLimit } from "../limits/stream-limit.ts";
import { createLiveness } from "./liveness.ts";
import { createStatusWatches } from "./status-watches.ts";

/**
 * The health of a process by grpc.health.v1. Names: `startup`, `readiness`, `liveness`, "" (same as readiness), the full name of each
 * service of the process (same as readiness), and `standby`: ready to lead or to take over. A check of another name is NOT_FOUND, a
 * watch of one SERVICE_UNKNOWN. `startup` serves when the process has started, and while it waits for a dependency: a restart would
 * not help it.
 */
export type Health = {
  /** Declares that the process has opened everything. */
  setStarted(): void;
  /** Sets whether a dependency (`broker`, …) is available. Ready means: started, all dependencies available, not stopping. */
  setNeed(name: string, met: boolean): void;
  /** Sets whether another process leads. A standby is not ready, though nothing is wrong. */
  setStandby(isStandby: boolean): void;
  /** Makes the process not ready for good. Open watches get the change. */
  setStopping(): void;
  /** Adds full names of the process's services. */
  addServices(names: readonly string[]): void;
  isReady(): boolean;
  /** Stops the timer. */
  close(): void;
  readonly definition: typeof HealthDefinition;
  readonly implementation: ReturnType<typeof HealthServiceImpl>;
};

/** Creates the health of a process that has not started yet. Liveness fails only while the event loop is blocked for over 5 s. */
export function createHealth(maxWatches = 1_000): Health {
  const needs = new Map<string, boolean>();
  const services = new Set<string>([HealthDefinition.fullName]);
  const watches = createStatusWatches<Serving>();
  const liveness = createLiveness(watches.notify);
  const limit = createStreamLimit(maxWatches, "health watches");
  let started = false;
  let standby = false;
  let stopping = false;

  const isHealthy = () => started && !stopping && [...needs.values()].every(Boolean);
  const isReady = () => isHealthy() && !standby;
  const ownNames = new Map<string, () => boolean>([
    ["", isReady],
    ["startup", () => started || [...needs.values()].includes(false)],
    ["readiness", isReady],
    ["liveness", liveness.isAlive],
    ["standby", isHealthy],
  ]);
  function statusOf(name: string): Serving {
    const isServing = ownNames.get(name) ?? (services.has(name) ? isReady : undefined);
    if (!isServing) return Serving.SERVICE_UNKNOWN;
    return isServing() ? Serving.SERVING : Serving.NOT_SERVING;
  }
  function change(set: () => void): void {
    set();
    watches.notify();
  }

  async function* watch(name: string, signal: AbortSignal) {
    for await (const status of watches.watch(() => statusOf(name), signal)) yield { status };
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
    close: liveness.close,
    definition: HealthDefinition,
    implementation: {
      async check({ service }) {
        const status = statusOf(service);
        if (status !== Serving.SERVICE_UNKNOWN) return { status };
        const known = [...ownNames.keys(), ...services].filter((name) => name !== "").join(", ");
        const text = `This process has no service \`${service.slice(0, 64)}\`; it has ${known}`;
        throw new AppError("UNKNOWN_SERVICE", text, { metadata: { known } });
      },
      watch: ({ service }, { signal }) => limit.run(() => watch(service, signal)),
    },
  };
}

/** The contract of grpc.health.v1, for clients. */
export { HealthDefinition };
