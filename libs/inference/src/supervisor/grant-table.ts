import { monotonicMs } from "../protocol/messages.ts";
import type { HostConnection } from "./connection.ts";

/**
 * The grants of slots that runs in inference hosts may use, sent to every attached host process. A pool has one table for
 * all of its hosts; a host outside a pool has its own.
 */
export type GrantTable = {
  /** Makes runs of this slot acceptable for `validMs` from now. */
  readonly renew: (slotId: string, validMs: number) => void;
  /** Removes a slot; its runs are refused from now on. */
  readonly end: (slotId: string) => void;
  /** Sends all current grants to a process, and every later change until the process has ended. */
  readonly attach: (connection: GrantReceiver) => void;
};

/** The part of a connection that the table uses. */
export type GrantReceiver = Pick<HostConnection, "send" | "ended">;

/** Creates an empty table. `nowMs` reads the monotonic clock of the machine. */
export function createGrantTable(nowMs: () => number = monotonicMs): GrantTable {
  const validUntil = new Map<string, number>();
  const connections = new Set<GrantReceiver>();

  const removeExpired = () => {
    for (const [slotId, untilMs] of validUntil) if (untilMs <= nowMs()) validUntil.delete(slotId);
  };
  return {
    renew(slotId, validMs) {
      removeExpired();
      const validUntilMs = nowMs() + validMs;
      validUntil.set(slotId, validUntilMs);
      for (const connection of connections) connection.send({ type: "grant", slotId, validUntilMs });
    },
    end(slotId) {
      validUntil.delete(slotId);
      for (const connection of connections) connection.send({ type: "endGrant", slotId });
    },
    attach(connection) {
      removeExpired();
      connections.add(connection);
      void connection.ended.then(() => connections.delete(connection));
      for (const [slotId, validUntilMs] of validUntil) connection.send({ type: "grant", slotId, validUntilMs });
    },
  };
}
