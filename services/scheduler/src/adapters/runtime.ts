import type { Metrics } from "@pixelmesh/telemetry";
import type { Rules } from "../domain/rules.ts";
import { createScheduler } from "../domain/scheduler.ts";
import type { Snapshot } from "../domain/snapshot.ts";
import {
  type Command,
  type DeviceReport,
  type Effect,
  type Measurement,
  type SlotRequest,
  workClasses,
} from "../domain/types.ts";

type Grant = Extract<Effect, { kind: "grant" }>;
type Queued = Extract<Effect, { kind: "queued" }>;

/** The open call behind a slot or a wish for one. */
export type SlotCall = {
  granted(grant: Grant): void;
  queued(queued: Queued): void;
  revoked(why: string): void;
  ended(error: Error): void;
};

/** The scheduler's state with a clock and open calls around it. */
export type Runtime = {
  /** A reporter's stream; its commands go to `onCommand`. A newer stream of the same reporter takes its place. */
  attach(
    reporterId: string,
    onCommand: (command: Command) => void,
  ): { report(reports: readonly DeviceReport[]): void; detach(): void };
  /** Opens a call; `nowMs` is for turning wall-clock deadlines into the scheduler's clock. */
  open(call: SlotCall): {
    readonly nowMs: number;
    request(request: SlotRequest): void;
    renew(): void;
    release(measurement: Measurement): void;
    disconnect(): void;
  };
  snapshot(): Snapshot;
  close(): void;
};

const tickMs = 250;

/** Starts the clock of a scheduler that knows no device yet. `term` is above that of any scheduler before it. */
export function startRuntime(rules: Rules, term: number, metrics: Metrics): Runtime {
  const scheduler = createScheduler({ rules, cards: new Map(), term });
  const calls = new Map<string, SlotCall>();
  const reporters = new Map<string, (command: Command) => void>();
  const nowMs = () => performance.now();
  let counter = 0;

  function carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "command") {
        reporters.get(effect.reporterId)?.(effect.command);
        continue;
      }
      const call = calls.get(effect.callId);
      if (effect.kind === "grant") call?.granted(effect);
      else if (effect.kind === "queued") call?.queued(effect);
      else if (effect.kind === "revoke") call?.revoked(effect.why);
      else {
        metrics.count("pixelmesh_slot_refused_total", { reason: effect.error.reason });
        call?.ended(effect.error);
      }
    }
  }

  const timer = setInterval(() => {
    carryOut(scheduler.tick(nowMs()));
    exportSnapshot(scheduler.snapshot(nowMs()), metrics);
  }, tickMs);

  return {
    attach(reporterId, onCommand) {
      reporters.set(reporterId, onCommand);
      const isCurrent = () => reporters.get(reporterId) === onCommand;
      return {
        report(reports) {
          if (isCurrent()) carryOut(scheduler.report(reporterId, reports, nowMs()));
        },
        detach() {
          if (!isCurrent()) return;
          reporters.delete(reporterId);
          carryOut(scheduler.detach(reporterId, nowMs()));
        },
      };
    },
    open(call) {
      counter += 1;
      const callId = String(counter);
      calls.set(callId, call);
      return {
        nowMs: nowMs(),
        request: (request) => carryOut(scheduler.request(callId, request, nowMs())),
        renew: () => carryOut(scheduler.renew(callId, nowMs())),
        release: (measurement) => carryOut(scheduler.release(callId, measurement, nowMs())),
        disconnect() {
          calls.delete(callId);
          carryOut(scheduler.disconnect(callId, nowMs()));
        },
      };
    },
    snapshot: () => scheduler.snapshot(nowMs()),
    close: () => clearInterval(timer),
  };
}

function exportSnapshot({ slots, devices }: Snapshot, metrics: Metrics): void {
  for (const workClass of workClasses) {
    const held = slots.filter(({ request }) => request.workClass === workClass).length;
    metrics.set("pixelmesh_slots", { work_class: workClass }, held);
  }
  for (const { deviceId: device, totalBytes, usedBytes, externalBytes, committedBytes } of devices) {
    const figures = { total: totalBytes, used: usedBytes, external: externalBytes, committed: committedBytes };
    for (const [kind, bytes] of Object.entries(figures)) {
      metrics.set("pixelmesh_device_memory_bytes", { device, kind }, bytes);
    }
  }
}
