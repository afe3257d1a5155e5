import { type DeviceStatus, type QueueStatus, Zone } from "@pixelmesh/proto";

/** The health of a mesh in numbers and in one line. */
export type MeshHealth = {
  /** `good`: all is well; `strained`: a device is AMBER or RED, work waits long, or jobs failed; `down`: no job is accepted. */
  readonly state: "good" | "strained" | "down";
  readonly words: string;
  readonly accepting: boolean;
  /** Number of devices in each zone. */
  readonly zones: { readonly green: number; readonly amber: number; readonly red: number };
  readonly oldestWaitMs: number;
  /** Jobs of the tenant that were created in the last ten minutes and have failed; at most 200 are counted. */
  readonly failuresTenMinutes: number;
};

/** Wait from which on work counts as waiting long, in ms. */
const longWaitMs = 60_000;

/** Derives the health of a mesh that answers. */
export function toHealth(
  devices: readonly DeviceStatus[],
  queues: readonly QueueStatus[],
  failuresTenMinutes: number,
  hasMoreFailures: boolean,
): MeshHealth {
  const count = (zone: Zone) => devices.filter((device) => device.zone === zone).length;
  const zones = { green: count(Zone.GREEN), amber: count(Zone.AMBER), red: count(Zone.RED) };
  const oldestWaitMs = Math.max(0, ...queues.filter(({ waiting }) => waiting > 0).map((queue) => queue.oldestWaitMs));
  const isStrained = zones.amber + zones.red > 0 || oldestWaitMs > longWaitMs || failuresTenMinutes > 0;
  const device =
    zones.red > 0
      ? `${toCount(zones.red, "device is", "devices are")} full (RED)`
      : zones.amber > 0
        ? `${toCount(zones.amber, "device is", "devices are")} nearly full (AMBER)`
        : "all devices have free memory";
  const wait = oldestWaitMs === 0 ? "nothing waits" : `the oldest work waits for ${Math.ceil(oldestWaitMs / 1000)} s`;
  const failures =
    failuresTenMinutes === 0
      ? "no job failed in the last ten minutes"
      : `${failuresTenMinutes}${hasMoreFailures ? " or more" : ""} ${failuresTenMinutes === 1 ? "job" : "jobs"} failed in the last ten minutes`;
  return {
    state: isStrained ? "strained" : "good",
    words: `Accepts jobs: ${device}, ${wait}, ${failures}.`,
    accepting: true,
    zones,
    oldestWaitMs,
    failuresTenMinutes,
  };
}

/** The health of a mesh that does not answer; `why` is the text of the failure. */
export function toDown(why: string): MeshHealth {
  return {
    state: "down",
    words: `Accepts no jobs: ${why}.`,
    accepting: false,
    zones: { green: 0, amber: 0, red: 0 },
    oldestWaitMs: 0,
    failuresTenMinutes: 0,
  };
}

function toCount(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`;
}
