import { JetStreamApiError } from "@nats-io/jetstream";
import { workerRoles } from "@pixelmesh/roles";
import { toBrokerError, translate } from "../connection/broker-error.ts";
import type { Bus } from "../connection/connect.ts";
import { write } from "../kv/store.ts";
import { workConsumers } from "./subjects.ts";

const notFound = 10037;
const alreadyDeleted = 10057;

/**
 * Deletes acknowledged work that a crashed broker left in its streams: messages at or below a consumer's ack floor are never
 * delivered again. It deletes by sequence, because a purge makes consumers skip their backlog. Returns the number of deleted messages,
 * at most `limit` for each queue.
 */
export async function removeOrphans(bus: Bus, limit: number): Promise<number> {
  let removed = 0;
  for (const role of workerRoles) {
    const { stream, durables } = workConsumers(role);
    const [{ state }, consumers] = await translate(
      Promise.all([
        bus.jsm.streams.info(stream),
        Promise.all(durables.map((durable) => bus.jsm.consumers.info(stream, durable))),
      ]),
    );
    const undelivered = consumers.reduce(
      (sum, { num_pending, num_ack_pending }) => sum + num_pending + num_ack_pending,
      0,
    );
    if (state.messages <= undelivered) continue;
    for (const { config, ack_floor } of consumers)
      removed += await removeBelow(bus, stream, config.filter_subject ?? ">", ack_floor.stream_seq, limit);
  }
  return removed;
}

async function removeBelow(bus: Bus, stream: string, filter: string, floor: number, limit: number): Promise<number> {
  let removed = 0;
  for (let seq = 1; removed < limit; removed++) {
    const query = { seq, next_by_subj: filter } as { seq: number };
    const found = await bus.jsm.streams.getMessage(stream, query).catch(orNone);
    if (!found || found.seq > floor) break;
    await write(bus, `delete ${stream}`, () => bus.jsm.streams.deleteMessage(stream, found.seq)).catch(orNone);
    seq = found.seq + 1;
  }
  return removed;
}

function orNone(error: unknown): null {
  if (error instanceof JetStreamApiError && [notFound, alreadyDeleted].includes(error.code)) return null;
  throw toBrokerError(error);
}
