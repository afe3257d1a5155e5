import { AppError } from "@pixelmesh/errors";
import type { Metrics } from "@pixelmesh/telemetry";
import type { Measurement, SlotRequest } from "../domain/admission/slot-request.ts";
import type { DeviceReport } from "../domain/devices/device-report.ts";
import type { ReporterCommand, SchedulerEffect } from "../domain/effects.ts";
import { createScheduler, type SchedulerOptions } from "../domain/scheduler.ts";
import type { SchedulerSnapshot } from "../domain/snapshot.ts";
import { clearSnapshotMetrics, exportSnapshot } from "./snapshot-metrics.ts";

type GrantEffect = Extract<SchedulerEffect, { kind: "grant" }>;
type QueuedEffect = Extract<SchedulerEffect, { kind: "queued" }>;

/** The open call of a slot or of a waiting request. Each method sends one answer; `redirected` and `ended` are the last. */
export type SlotCall = {
  granted(grant: GrantEffect): void;
  queued(queued: QueuedEffect): void;
  revoked(why: string): void;
  redirected(instance: string): void;
  ended(error: Error): void;
};

/** The stream of a reporter: takes commands, and the error that ends it. */
export type ReporterLink = { command(command: ReporterCommand): void; ended(error: Error): void };

/** The scheduler with a clock and open calls. */
export type Runtime = {
  /** Adds the stream of a reporter; it replaces an older stream of the same reporter. */
  attach(
    reporterId: string,
    link: ReporterLink,
  ): { report(reports: readonly DeviceReport[], openSlots: ReadonlySet<string>): void; detach(): void };
  /** Opens a call. `nowMs` converts wall-clock deadlines to the scheduler's clock. */
  open(call: SlotCall): {
    readonly nowMs: number;
    request(request: SlotRequest): void;
    renew(): void;
    release(measurement: Measurement): void;
    disconnect(): void;
  };
  snapshot(): SchedulerSnapshot;
  /** Ends every call and stream, so that their holders call the leader. */
  close(): void;
};

/** Options of a runtime. */
export type RuntimeOptions = SchedulerOptions & {
  readonly metrics: Metrics;
  /** Whether this process leads now. If not, events change nothing and calls end. */
  readonly isLeading: () => boolean;
};

const tickMs = 250;
/** Without slots and requests, devices are checked once in so many ticks: each second. */
const restTicks = 4;

/** Starts a scheduler without devices. Its clock is `performance.now()`, also for times in its rules. */
export function startRuntime({ metrics, isLeading, ...options }: RuntimeOptions): Runtime {
  const scheduler = createScheduler(options);
  const calls = new Map<string, SlotCall>();
  const reporters = new Map<string, ReporterLink>();
  const nowMs = () => performance.now();
  let counter = 0;

  function carryOut(effects: readonly SchedulerEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === "command") {
        reporters.get(effect.reporterId)?.command(effect.command);
        continue;
      }
      const call = calls.get(effect.callId);
      if (effect.kind === "grant") call?.granted(effect);
      else if (effect.kind === "queued") call?.queued(effect);
      else if (effect.kind === "revoke") call?.revoked(effect.why);
      else if (effect.kind === "redirect") call?.redirected(effect.instance);
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
  /** Handles an event if this process leads. A process that was stopped for a while must not continue as leader. */
  function handle(event: () => readonly SchedulerEffect[]): void {
    if (isLeading()) carryOut(event());
    else endAll();
  }

  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
    // Without calls nothing waits for a tick.
    if (calls.size > 0 || ticks % restTicks === 0) handle(() => scheduler.tick(nowMs()));
  }, tickMs);
  const endExport = metrics.onPage(() => exportSnapshot(scheduler.snapshot(nowMs()), metrics));

  return {
    attach(reporterId, link) {
      reporters.set(reporterId, link);
      const isCurrent = () => reporters.get(reporterId) === link;
      return {
        report(reports, openSlots) {
          if (isCurrent()) handle(() => scheduler.report(reporterId, reports, openSlots, nowMs()));
        },
        detach() {
          if (!isCurrent()) return;
          reporters.delete(reporterId);
          handle(() => scheduler.detach(reporterId, nowMs()));
        },
      };
    },
    open(call) {
      counter += 1;
      const callId = String(counter);
      calls.set(callId, call);
      return {
        nowMs: nowMs(),
        request: (request) => handle(() => scheduler.request(callId, request, nowMs())),
        renew: () => handle(() => scheduler.renew(callId, nowMs())),
        release: (measurement) => handle(() => scheduler.release(callId, measurement, nowMs())),
        disconnect() {
          calls.delete(callId);
          // Recorded even by a process that does not lead, so that its state stays true.
          const effects = scheduler.disconnect(callId, nowMs());
          handle(() => effects);
        },
      };
    },
    snapshot: () => scheduler.snapshot(nowMs()),
    close() {
      clearInterval(timer);
      endExport();
      clearSnapshotMetrics(metrics);
      endAll();
    },
  };
}
