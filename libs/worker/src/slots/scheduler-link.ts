import { expected } from "@pixelmesh/errors";
import type { RpcConnection } from "@pixelmesh/rpc";

/**
 * The schedulers that a process knows, of which one leads; as a connection it is that to the one which is taken to lead. It
 * also keeps what must be known of all of the process's slots together.
 */
export type SchedulerLink = RpcConnection & {
  readonly count: number;
  /** The connection to the scheduler that is taken to lead. */
  current(): RpcConnection;
  /** The one at `failed` does not lead or does not answer: from now on the next is tried, unless somebody moved on already. */
  moveOn(failed: RpcConnection): void;
  /** Called whenever another scheduler is taken to lead; answers how to stop that. */
  onMoved(listener: () => void): () => void;
  /** Whether a grant of this term may be used: not where a later leader was seen already. */
  admits(term: number): boolean;
  /** Ids of the slots held now, as reports tell them. */
  readonly openSlots: Set<string>;
};

/** Opens connections to every address by `connect`; INVALID_ARGUMENT without one. */
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
