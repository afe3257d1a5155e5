import { HealthDefinition, HealthServiceImpl, HealthState } from "nice-grpc-server-health";

/**
 * What a process says of itself over grpc.health.v1: services `startup`, `readiness`, `liveness`, and "" (= readiness); `standby` is
 * readiness of one that may lead or stand by.
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
  isReady(): boolean;
  /** Ends the timers. */
  close(): void;
  readonly definition: typeof HealthDefinition;
  readonly implementation: HealthServiceImpl;
};

const maxLagMs = 5_000;

/** Health of a process that has not started yet. Liveness fails only while the event loop is blocked for over 5 s. */
export function createHealth(): Health {
  const state = HealthState();
  const needs = new Map<string, boolean>();
  let started = false;
  let standby = false;
  let stopping = false;
  let beatMs = performance.now();

  function refresh() {
    const ready = isReady();
    state.setStatus(started ? "healthy" : "unhealthy", "startup");
    state.setStatus(ready ? "healthy" : "unhealthy", "readiness");
    state.setStatus(ready ? "healthy" : "unhealthy", "");
    state.setStatus(isWell() ? "healthy" : "unhealthy", "standby");
  }
  const isWell = () => started && !stopping && [...needs.values()].every(Boolean);
  const isReady = () => isWell() && !standby;

  const timer = setInterval(() => {
    const nowMs = performance.now();
    state.setStatus(nowMs - beatMs > maxLagMs ? "unhealthy" : "healthy", "liveness");
    beatMs = nowMs;
  }, 1_000);
  timer.unref();
  state.setStatus("healthy", "liveness");
  refresh();

  return {
    setStarted() {
      started = true;
      refresh();
    },
    setNeed(name, met) {
      needs.set(name, met);
      refresh();
    },
    setStandby(isStandby) {
      standby = isStandby;
      refresh();
    },
    setStopping() {
      stopping = true;
      refresh();
    },
    isReady,
    close: () => clearInterval(timer),
    definition: HealthDefinition,
    implementation: HealthServiceImpl(state),
  };
}

/** The contract of grpc.health.v1, for asking other processes. */
export { HealthDefinition };
