import { AppError, expected } from "@pixelmesh/errors";
import type { AvailableModel } from "../models/registry.ts";
import type { RoomRules } from "./eviction-policy.ts";
import { createSeats, type Seat } from "./hosts.ts";
import { createModelLeases, type ModelLeases } from "./model-leases.ts";
import type { HostChoice, HostLease, HostPool, HostPoolOptions } from "./pool-types.ts";
import { toModelKey } from "./process.ts";
import type { InferenceHost, UnloadReport } from "./types.ts";
import { waitFor } from "./wait-for.ts";

const roomForAll: RoomRules = { maxBytes: Number.POSITIVE_INFINITY, maxModels: 1_000, minResidentMs: 0 };

/** The hosts of one service. Nothing is started before it is needed. */
export function createHostPool(options: HostPoolOptions): HostPool {
  const { name, devices, log, idleTtlMs = 300_000, closeGraceMs = 10_000 } = options;
  const seats = createSeats(options, (deviceId, event) => {
    if (event.type === "loaded") leasesOf.get(deviceId)?.noteLoad(event.model, event.loadMs);
    options.observe?.(event);
  });
  const pins = new Set<string>();
  const idleTimers = new Map<string, NodeJS.Timeout>();
  const closing = new AbortController();
  let released = () => {};

  const findDevice = (deviceId: string | undefined) => {
    const device = deviceId === undefined ? devices[0] : devices.find((each) => each.deviceId === deviceId);
    if (device) return device;
    throw expected("device_id", `one of ${devices.map((each) => each.deviceId).join(", ")}`, deviceId ?? "");
  };
  const hostId: HostPool["hostId"] = (model, deviceId) => {
    const place = model.workClass === "light" ? "light" : model.name;
    return `${name}/${devices.indexOf(findDevice(deviceId))}/${place}`;
  };
  const leasesOf = new Map(devices.map(({ deviceId }) => [deviceId, createLeases(deviceId)] as const));
  const findLeases = (deviceId: string | undefined) => leasesOf.get(findDevice(deviceId).deviceId) as ModelLeases;

  function createLeases(deviceId: string): ModelLeases {
    return createModelLeases(
      { ...roomForAll, ...options.room },
      {
        async usedBytes() {
          return (await seats.describe(deviceId)).reduce((sum, host) => sum + host.usedBytes, 0);
        },
        async displace(model, why) {
          log.info({ model: model.name, why }, "model is unloaded for another");
          options.observe?.({ type: "unloaded", model: model.name, why });
          const seat = seats.find(hostId(model, deviceId));
          if (seat) await dropModel(seat, model, "evicted");
        },
      },
    );
  }

  /** Frees a model; a host without any ends, since only that gives all of its memory back. */
  async function dropModel(seat: Seat, model: AvailableModel, why: "evicted" | "idle"): Promise<void> {
    clearIdleTimer(seat, model);
    seat.models.delete(toModelKey(model));
    if (seat.models.size === 0 && seat.holders === 0) await seats.end(seat, why);
    else await seat.host?.unload(model.name);
  }

  const timerKey = (seat: Seat, model: AvailableModel) => `${seat.hostId}/${toModelKey(model)}`;
  const clearIdleTimer = (seat: Seat, model: AvailableModel) => {
    clearTimeout(idleTimers.get(timerKey(seat, model)));
    idleTimers.delete(timerKey(seat, model));
  };
  const endIfIdle = async (seat: Seat, model: AvailableModel): Promise<void> => {
    const leases = findLeases(seat.device.deviceId);
    const entry = leases.held().find(({ key }) => key === toModelKey(model));
    if ((entry?.holders ?? 0) > 0 || pins.has(model.name)) return;
    leases.forget(model);
    log.info({ host: seat.hostId, model: model.name, idleMs: idleTtlMs }, "model is idle and is unloaded");
    await dropModel(seat, model, "idle");
  };

  const acquire = async (model: AvailableModel, { deviceId, signal }: HostChoice = {}): Promise<HostLease> => {
    const id = hostId(model, deviceId);
    const leases = findLeases(deviceId);
    const until = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
    until.throwIfAborted();
    const isResident = leases.held().some(({ key }) => key === toModelKey(model));
    options.observe?.({ type: "taken", model: model.name, isResident });
    await leases.take(model, until);
    leases.setPinned(model.name, pins.has(model.name));
    const seat = seats.take(id, findDevice(deviceId), model);
    seat.holders++;
    clearIdleTimer(seat, model);
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      seat.holders--;
      leases.give(model);
      released();
      const idle = () => void endIfIdle(seat, model);
      clearIdleTimer(seat, model);
      idleTimers.set(timerKey(seat, model), setTimeout(idle, idleTtlMs).unref());
    };
    try {
      return { host: await waitFor(seat.starting, signal), release };
    } catch (error) {
      release();
      if (seat.host === null) leases.forget(model);
      throw error;
    }
  };
  const held = async <T>(model: AvailableModel, choice: HostChoice, use: (host: InferenceHost) => Promise<T>) => {
    const { host, release } = await acquire(model, choice);
    try {
      return await use(host);
    } finally {
      release();
    }
  };

  return {
    hostId,
    acquire,
    pins,
    pin: (model) => void pins.add(model),
    load: (model, { pin = false, ...choice } = {}) =>
      held(model, choice, async (host) => {
        const report = await host.load(model, { pin, ...(choice.signal ? { signal: choice.signal } : {}) });
        if (pin) pins.add(model.name);
        findLeases(choice.deviceId).setPinned(model.name, pins.has(model.name));
        return report;
      }),
    async unload(model, signal) {
      pins.delete(model);
      const reports = await Promise.all(
        [...leasesOf].map(async ([deviceId, leases]) => {
          leases.setPinned(model, false);
          const entries = leases.held().filter((entry) => entry.model.name === model);
          const free = () => Promise.all(seats.all(deviceId).map((seat) => freeIn(seat, model)));
          return leases.clear(
            entries.map((entry) => entry.model),
            free,
            signal,
          );
        }),
      );
      return reports
        .flat()
        .reduce<UnloadReport>((sum, report) => (report?.wasLoaded ? addReports(sum, report) : sum), nothing);
    },
    patienceMs: (model, deviceId) => findLeases(deviceId).patienceMs(model),
    evict: async (id, why = "evicted") => {
      const seat = seats.find(id);
      if (seat === undefined || seat.holders > 0) return false;
      for (const model of seat.models.values()) {
        clearIdleTimer(seat, model);
        findLeases(seat.device.deviceId).forget(model);
      }
      await seats.end(seat, why);
      return true;
    },
    renewGrant: seats.renewGrant,
    endGrant: seats.endGrant,
    describe: seats.describe,
    close: async () => {
      closing.abort(new AppError("STOPPING", "The inference hosts are closing"));
      for (const timer of idleTimers.values()) clearTimeout(timer);
      const isHeld = () => seats.all().some((seat) => seat.holders > 0);
      const grace = AbortSignal.timeout(closeGraceMs);
      while (isHeld() && !grace.aborted) {
        await waitFor(new Promise<void>((resolve) => (released = resolve)), grace).catch(() => {});
      }
      await Promise.all(seats.all().map((seat) => seats.end(seat, "closed")));
    },
  };
}

async function freeIn(seat: Seat, name: string): Promise<UnloadReport | undefined> {
  for (const [key, model] of seat.models) if (model.name === name) seat.models.delete(key);
  return seat.host?.unload(name);
}

const nothing: UnloadReport = { wasLoaded: false, memoryBeforeBytes: 0, memoryAfterBytes: 0 };

function addReports(a: UnloadReport, b: UnloadReport): UnloadReport {
  return {
    wasLoaded: true,
    memoryBeforeBytes: a.memoryBeforeBytes + b.memoryBeforeBytes,
    memoryAfterBytes: a.memoryAfterBytes + b.memoryAfterBytes,
  };
}
