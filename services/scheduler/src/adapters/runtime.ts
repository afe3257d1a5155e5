import { AppError } from "@pixelmesh/errors";
import type { Metrics } from "@pixelmesh/telemetry";
import { createScheduler, type SchedulerOptions } from "../domain/scheduler.ts";
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
  passed(instance: string): void;
  ended(error: Error): void;
};

/** The stream of a reporter: what it is asked to do, and that it has to go elsewhere. */
export type ReporterLink = { command(command: Command): void; ended(error: Error): void };

/** The scheduler's state with a clock and open calls around it. */
export type Runtime = {
  /** A reporter's stream. A newer stream of the same reporter takes its place. */
  attach(
    reporterId: string,
    link: ReporterLink,
  ): { report(reports: readonly DeviceReport[], openSlots: ReadonlySet<string>): void; detach(): void };
  /** Opens a call; `nowMs` is for turning wall-clock deadlines into the scheduler's clock. */
  open(call: SlotCall): {
    readonly nowMs: number;
    request(request: SlotRequest): void;
    renew(): void;
    release(measurement: Measurement): void;
    disconnect(): void;
  };
  snapshot(): Snapshot;
  /** Ends every call and stream: their holders go to the leader. */
  close(): void;
};

/** What a runtime is started with. */
export type RuntimeOptions = SchedulerOptions & {
  readonly metrics: Metrics;
  /** Whether this process may decide now. Where it may not, nothing changes and calls end. */
  readonly isLeading: () => boolean;
};

const tickMs = 250;

/** Starts the clock of a scheduler that knows no device yet. Times in its rules are on `performance.now()`. */
export function startRuntime({ metrics, isLeading, ...options }: RuntimeOptions): Runtime {
  const scheduler = createScheduler(options);
  const calls = new Map<string, SlotCall>();
  const reporters = new Map<string, ReporterLink>();
  const nowMs = () => performance.now();
  let counter = 0;

  function carryOut(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "command") {
        reporters.get(effect.reporterId)?.command(effect.command);
        continue;
      }
      const call = calls.get(effect.callId);
      if (effect.kind === "grant") call?.granted(effect);
      else if (effect.kind === "queued") call?.queued(effect);
      else if (effect.kind === "revoke") call?.revoked(effect.why);
      else if (effect.kind === "pass") call?.passed(effect.instance);
      else {
        metrics.count("pixelmesh_slot_refused_total", { reason: effect.error.reason });
        call?.ended(effect.error);
      }
    }
  }

  function endAll(): void {
    const error = new AppError("SERVICE_UNAVAILABLE", "This scheduler does not lead");
    for (const call of calls.values()) call.ended(error);
    for (const link of reporters.values()) link.ended(error);
  }
  /** Every event passes here: a process that was stopped for a while must not go on as if it still led. */
  function act(event: () => readonly Effect[]): void {
    if (isLeading()) carryOut(event());
    else endAll();
  }

  const timer = setInterval(() => {
    act(() => scheduler.tick(nowMs()));
    exportSnapshot(scheduler.snapshot(nowMs()), metrics);
  }, tickMs);

  return {
    attach(reporterId, link) {
      reporters.set(reporterId, link);
      const isCurrent = () => reporters.get(reporterId) === link;
      return {
        report(reports, openSlots) {
          if (isCurrent()) act(() => scheduler.report(reporterId, reports, openSlots, nowMs()));
        },
        detach() {
          if (!isCurrent()) return;
          reporters.delete(reporterId);
          act(() => scheduler.detach(reporterId, nowMs()));
        },
      };
    },
    open(call) {
      counter += 1;
      const callId = String(counter);
      calls.set(callId, call);
      return {
        nowMs: nowMs(),
        request: (request) => act(() => scheduler.request(callId, request, nowMs())),
        renew: () => act(() => scheduler.renew(callId, nowMs())),
        release: (measurement) => act(() => scheduler.release(callId, measurement, nowMs())),
        disconnect() {
          calls.delete(callId);
          // Also where this process does not lead: what it knows of its slots stays true.
          const effects = scheduler.disconnect(callId, nowMs());
          act(() => effects);
        },
      };
    },
    snapshot: () => scheduler.snapshot(nowMs()),
    close() {
      clearInterval(timer);
      endAll();
    },
  };
}

const zoneNumbers = { green: 0, amber: 1, red: 2 } as const;

function exportSnapshot({ slots, devices, queues }: Snapshot, metrics: Metrics): void {
  for (const { workClass, waiting } of queues)
    metrics.set("pixelmesh_slots_waiting", { work_class: workClass }, waiting);
  for (const workClass of workClasses) {
    const held = slots.filter(({ request }) => request.workClass === workClass).length;
    metrics.set("pixelmesh_slots", { work_class: workClass }, held);
  }
  for (const { deviceId: device, zone, observedBytes, ...view } of devices) {
    metrics.set("pixelmesh_device_zone", { device }, zoneNumbers[zone]);
    const { totalBytes: total, usedBytes: used, externalBytes: external, committedBytes: committed } = view;
    const figures = { total, observed: observedBytes, used, external, committed, quarantined: view.quarantinedBytes };
    for (const [kind, bytes] of Object.entries(figures)) {
      metrics.set("pixelmesh_device_memory_bytes", { device, kind }, bytes);
    }
  }
}
