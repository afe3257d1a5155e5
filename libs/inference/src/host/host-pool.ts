import { AppError, expected } from "@pixelmesh/errors";
import type { AvailableModel } from "../models/registry.ts";
import { startInferenceHost } from "./host.ts";
import type { HostChoice, HostLease, HostPool, HostPoolOptions, PoolDevice } from "./host-pool-types.ts";
import { monotonicMs } from "./host-protocol.ts";
import type { HostDescription, InferenceHost, UnloadReport } from "./host-types.ts";
import { waitFor } from "./wait-for.ts";

/** One place for a host: it may be starting, there, or ended and to be started again. */
type Seat = {
  readonly hostId: string;
  readonly device: PoolDevice;
  readonly starting: Promise<InferenceHost>;
  host: InferenceHost | null;
  holders: number;
  idleTimer: NodeJS.Timeout | undefined;
};

/** The hosts of one service. Nothing is started before it is needed. */
export function createHostPool(options: HostPoolOptions): HostPool {
  const { name, devices, log, idleTtlMs = 300_000, closeGraceMs = 10_000 } = options;
  const seats = new Map<string, Seat>();
  const grants = new Map<string, number>();
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

  const takeSeat = (model: AvailableModel, deviceId: string | undefined): Seat => {
    closing.signal.throwIfAborted();
    const id = hostId(model, deviceId);
    const known = seats.get(id);
    if (known) return known;
    const device = findDevice(deviceId);
    const starting = startInferenceHost({ id, ...device, log, ...(options.limits ? { limits: options.limits } : {}) });
    const seat: Seat = { hostId: id, device, starting, host: null, holders: 0, idleTimer: undefined };
    seats.set(id, seat);
    starting.then(
      (host) => {
        for (const [slotId, untilMs] of grants) host.renewGrant(slotId, untilMs - monotonicMs());
        seat.host = host;
      },
      () => seats.delete(id),
    );
    return seat;
  };

  const acquire = async (model: AvailableModel, { deviceId, signal }: HostChoice = {}): Promise<HostLease> => {
    const seat = takeSeat(model, deviceId);
    seat.holders++;
    clearTimeout(seat.idleTimer);
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      seat.holders--;
      released();
      if (seat.holders === 0) seat.idleTimer = setTimeout(() => void endIfIdle(seat), idleTtlMs).unref();
    };
    try {
      return { host: await waitFor(seat.starting, signal), release };
    } catch (error) {
      release();
      throw error;
    }
  };

  const endIfIdle = async (seat: Seat): Promise<void> => {
    const { models } = (await seat.host?.describe()) ?? { models: [] };
    if (seat.holders > 0 || models.some((model) => model.pinned)) return;
    log.info({ host: seat.hostId, idleMs: idleTtlMs }, "inference host is idle and ends");
    await end(seat);
  };
  const end = async (seat: Seat): Promise<void> => {
    clearTimeout(seat.idleTimer);
    // Gone from the map first: whoever needs it from here on gets a new one.
    if (seats.get(seat.hostId) === seat) seats.delete(seat.hostId);
    await (await seat.starting.catch(() => null))?.close();
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
    load: (model, { pin = false, ...choice } = {}) =>
      held(model, choice, (host) => host.load(model, { pin, ...(choice.signal ? { signal: choice.signal } : {}) })),
    unload: async (model) => {
      const reports = await Promise.all([...seats.values()].map((seat) => seat.host?.unload(model)));
      return reports.reduce<UnloadReport>(
        (sum, report) => (report?.wasLoaded ? addReports(sum, report) : sum),
        nothing,
      );
    },
    evict: async (id) => {
      const seat = seats.get(id);
      if (seat === undefined || seat.holders > 0) return false;
      await end(seat);
      return true;
    },
    renewGrant: (slotId, validMs) => {
      const nowMs = monotonicMs();
      for (const [each, untilMs] of grants) if (untilMs < nowMs) grants.delete(each);
      grants.set(slotId, nowMs + validMs);
      for (const seat of seats.values()) seat.host?.renewGrant(slotId, validMs);
    },
    endGrant: (slotId) => {
      grants.delete(slotId);
      for (const seat of seats.values()) seat.host?.endGrant(slotId);
    },
    describe: async (deviceId) => {
      const wanted = [...seats.values()].filter((seat) => deviceId === undefined || seat.device.deviceId === deviceId);
      const described = await Promise.all(
        wanted.map(async (seat): Promise<HostDescription[]> => {
          const host = await seat.host?.describe();
          // Whoever holds it is between two tiles at most: it is not idle.
          return host ? [{ ...host, busy: host.busy || seat.holders > 0 }] : [];
        }),
      );
      return described.flat();
    },
    close: async () => {
      closing.abort(new AppError("STOPPING", "The inference hosts are closing"));
      const isHeld = () => [...seats.values()].some((seat) => seat.holders > 0);
      const grace = AbortSignal.timeout(closeGraceMs);
      while (isHeld() && !grace.aborted) {
        await waitFor(new Promise<void>((resolve) => (released = resolve)), grace).catch(() => {});
      }
      await Promise.all([...seats.values()].map(end));
    },
  };
}

const nothing: UnloadReport = { wasLoaded: false, memoryBeforeBytes: 0, memoryAfterBytes: 0 };

function addReports(a: UnloadReport, b: UnloadReport): UnloadReport {
  return {
    wasLoaded: true,
    memoryBeforeBytes: a.memoryBeforeBytes + b.memoryBeforeBytes,
    memoryAfterBytes: a.memoryAfterBytes + b.memoryAfterBytes,
  };
}
