import type { AvailableModel } from "../models/registry.ts";
import { monotonicMs } from "../protocol/messages.ts";
import type { HostEndReason, HostEvent } from "./events.ts";
import { startInferenceHost } from "./host.ts";
import type { HostPoolOptions, PoolDevice } from "./pool-types.ts";
import { toModelKey } from "./process.ts";
import type { HostDescription, InferenceHost } from "./types.ts";

/** One place for a host: it may be starting, there, or ended and to be started again. */
export type Seat = {
  readonly hostId: string;
  readonly device: PoolDevice;
  readonly starting: Promise<InferenceHost>;
  host: InferenceHost | null;
  /** By `toModelKey`. */
  readonly models: Map<string, AvailableModel>;
  holders: number;
};

/** The places of a pool. */
export type Seats = {
  /** The place of that id, its host started where it is empty. */
  readonly take: (hostId: string, device: PoolDevice, model: AvailableModel) => Seat;
  readonly find: (hostId: string) => Seat | undefined;
  readonly all: (deviceId?: string) => readonly Seat[];
  /** Ends the host; whoever needs it from here on gets a new one. */
  readonly end: (seat: Seat, why: HostEndReason) => Promise<void>;
  readonly describe: (deviceId?: string) => Promise<readonly HostDescription[]>;
  readonly renewGrant: (slotId: string, validMs: number) => void;
  readonly endGrant: (slotId: string) => void;
};

/** No host is started yet. What happens in those on a device is told to `observe`. */
export function createSeats(
  { log, limits, hasRoom, faults }: HostPoolOptions,
  observe: (deviceId: string, event: HostEvent) => void,
): Seats {
  const seats = new Map<string, Seat>();
  const grants = new Map<string, number>();
  const all: Seats["all"] = (deviceId) =>
    [...seats.values()].filter((seat) => deviceId === undefined || seat.device.deviceId === deviceId);

  return {
    take(hostId, device, model) {
      const known = seats.get(hostId);
      const key = toModelKey(model);
      known?.models.set(key, model);
      if (known) return known;
      const starting = startInferenceHost({
        ...{ ...device, id: hostId, log },
        ...(limits ? { limits } : {}),
        ...(hasRoom ? { hasRoom: (bytes) => hasRoom(device.deviceId, bytes) } : {}),
        observe: (event) => observe(device.deviceId, event),
        ...(faults ? { faults } : {}),
      });
      const models = new Map([[key, model]]);
      const seat: Seat = { hostId, device, starting, host: null, models, holders: 0 };
      seats.set(hostId, seat);
      starting.then(
        (host) => {
          for (const [slotId, untilMs] of grants) host.renewGrant(slotId, untilMs - monotonicMs());
          seat.host = host;
        },
        () => seats.delete(hostId),
      );
      return seat;
    },
    find: (hostId) => seats.get(hostId),
    all,
    async end(seat, why) {
      if (seats.get(seat.hostId) === seat) seats.delete(seat.hostId);
      await (await seat.starting.catch(() => null))?.close(why);
    },
    async describe(deviceId) {
      const described = await Promise.all(
        all(deviceId).map(async (seat): Promise<HostDescription[]> => {
          const host = await seat.host?.describe();
          // Whoever holds it is between two tiles at most: it is not idle.
          return host ? [{ ...host, busy: host.busy || seat.holders > 0 }] : [];
        }),
      );
      return described.flat();
    },
    renewGrant(slotId, validMs) {
      const nowMs = monotonicMs();
      for (const [each, untilMs] of grants) if (untilMs < nowMs) grants.delete(each);
      grants.set(slotId, nowMs + validMs);
      for (const seat of seats.values()) seat.host?.renewGrant(slotId, validMs);
    },
    endGrant(slotId) {
      grants.delete(slotId);
      for (const seat of seats.values()) seat.host?.endGrant(slotId);
    },
  };
}
