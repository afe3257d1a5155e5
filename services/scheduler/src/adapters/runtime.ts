import { AppError } from "@pixelmesh/errors";
import type { Metrics } from "@pixelmesh/telemetry";
import { createScheduler, type SchedulerOptions } from "../domain/scheduler.ts";
import type { DeviceView, Snapshot } from "../domain/snapshot.ts";
import type { Command, DeviceReport, Effect, Measurement, SlotRequest } from "../domain/types.ts";

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
      clearExports(metrics);
      endAll();
    },
  };
}

const zoneNumbers = { green: 0, amber: 1, red: 2 } as const;

/** Shows the devices that are reported now; series of devices that no process reports any more are removed. */
function exportSnapshot({ devices, queues }: Snapshot, metrics: Metrics): void {
  metrics.setAll(
    "pixelmesh_slots_waiting",
    queues.map(({ workClass, waiting }) => ({ labels: { work_class: workClass }, value: waiting })),
  );
  metrics.setAll(
    "pixelmesh_slots",
    queues.map(({ workClass, running }) => ({ labels: { work_class: workClass }, value: running })),
  );
  const fresh = devices.filter(({ isFresh }) => isFresh);
  metrics.setAll(
    "pixelmesh_device_zone",
    fresh.map(({ deviceId, zone }) => ({ labels: { device: deviceId }, value: zoneNumbers[zone] })),
  );
  metrics.setAll(
    "pixelmesh_device_memory_bytes",
    fresh.flatMap((device) =>
      Object.entries(memoryFiguresOf(device)).map(([kind, value]) => ({
        labels: { device: device.deviceId, kind },
        value,
      })),
    ),
  );
}

function memoryFiguresOf(device: DeviceView) {
  return {
    total: device.totalBytes,
    observed: device.observedBytes,
    used: device.usedBytes,
    external: device.externalBytes,
    committed: device.committedBytes,
    quarantined: device.quarantinedBytes,
  };
}

const exported = [
  "pixelmesh_slots_waiting",
  "pixelmesh_slots",
  "pixelmesh_device_zone",
  "pixelmesh_device_memory_bytes",
] as const;

/** Removes all series: what another scheduler leads is not this one's to show. */
function clearExports(metrics: Metrics): void {
  for (const name of exported) metrics.setAll(name, []);
}
