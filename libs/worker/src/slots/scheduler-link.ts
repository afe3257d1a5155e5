import { expected } from "@pixelmesh/errors";
import type { RpcConnection } from "@pixelmesh/rpc";

/**
 * The schedulers of a mesh, one of which leads. As a connection, it is that to the assumed leader. It also holds the state that all slots of
 * the process share: the highest term and the open slots.
 */
export type SchedulerLink = RpcConnection & {
  readonly count: number;
  /** Returns the connection to the assumed leader. */
  current(): RpcConnection;
  /** Reports that `failed` does not lead or does not answer. The next scheduler becomes the assumed leader, unless `failed` no longer is. */
  moveOn(failed: RpcConnection): void;
  /** Calls `listener` whenever the assumed leader changes. Returns a function that removes the listener. */
  onMoved(listener: () => void): () => void;
  /** Whether a grant of this term may be used. A lower term than one already seen is fenced off. */
  admits(term: number): boolean;
  /** Ids of the slots held now, for device reports. */
  readonly openSlots: Set<string>;
};

/** Connects to every address with `connect`. Throws INVALID_ARGUMENT without an address. */
export function connectSchedulers(
  addresses: readonly string[],
  connect: (address: string) => RpcConnection,
): SchedulerLink {
  const connections = addresses.map((address) => connect(address));
  const listeners = new Set<() => void>();
  let [leading] = connections;
  let highestTerm = 0;
  if (leading === undefined) throw expected("PIXELMESH_SCHEDULER_ADDRESS", "at least one address", "");
  const current = () => leading as RpcConnection;

  return {
    get address() {
      return current().address;
    },
    get channel() {
      return current().channel;
    },
    client: (definition) => current().client(definition),
    close() {
      for (const connection of connections) connection.close();
    },
    count: connections.length,
    current,
    moveOn(failed) {
      if (failed !== leading || connections.length === 1) return;
      leading = connections[(connections.indexOf(failed) + 1) % connections.length];
      for (const listener of listeners) listener();
    },
    onMoved(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    admits(term) {
      if (term < highestTerm) return false;
      highestTerm = term;
      return true;
    },
    openSlots: new Set(),
  };
}
