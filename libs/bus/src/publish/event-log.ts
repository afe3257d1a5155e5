import { JetStreamApiError } from "@nats-io/jetstream";
import { JobEvent } from "@pixelmesh/proto";
import { toBrokerError, translate } from "../connection/broker-error.ts";
import { parseMessage } from "../connection/codec.ts";
import type { Bus } from "../connection/connect.ts";
import { eventConsumer, partitionOf } from "../topology/subjects.ts";

const notFound = 10037;
const clockMarginMs = 60_000;

/**
 * Reads the logged events of a job since a time, in the order they were stored; at most `limit`, without malformed ones. Expensive:
 * the broker scans the log from that time on.
 */
export async function readJobEvents(bus: Bus, jobId: string, sinceUnixMs: number, limit: number): Promise<JobEvent[]> {
  const found: JobEvent[] = [];
  let seq = await firstSince(bus, sinceUnixMs - clockMarginMs);
  while (found.length < limit) {
    const message = await next(bus, { seq, next_by_subj: `jobs.${partitionOf(jobId)}.${jobId}.*` });
    if (!message) break;
    seq = message.seq + 1;
    try {
      found.push(parseMessage(JobEvent, message.data, message.subject));
    } catch {
      // The consumer stores it as a dead letter.
    }
  }
  return found;
}

/** Finds the sequence of the first message stored at or after a time, by binary search. */
async function firstSince(bus: Bus, unixMs: number): Promise<number> {
  const { first_seq, last_seq } = (await translate(bus.jsm.streams.info(eventConsumer.stream))).state;
  // Sequences begin with 1; an empty log reports 0.
  let [low, high] = [Math.max(1, first_seq), last_seq + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const message = await next(bus, { seq: middle });
    // A missing message has just expired, so it was older than all that remain.
    if (!message || message.time.getTime() < unixMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Query = { seq: number } | { seq: number; next_by_subj: string };

async function next(bus: Bus, query: Query) {
  try {
    return (await bus.jsm.streams.getMessage(eventConsumer.stream, query as { seq: number })) ?? undefined;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === notFound) return undefined;
    throw toBrokerError(error);
  }
}
