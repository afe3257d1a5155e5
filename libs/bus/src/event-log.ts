import { JetStreamApiError } from "@nats-io/jetstream";
import { JobEvent } from "@pixelmesh/proto";
import { parseMessage } from "./codec.ts";
import type { Bus } from "./connect.ts";
import { toBrokerError } from "./store.ts";
import { eventConsumer, partitionOf } from "./subjects.ts";

const notFound = 10037;

/** Every fact the log has about a job, in the order in which they were stored; at most `limit`, malformed ones left out. */
export async function readJobEvents(bus: Bus, jobId: string, limit: number): Promise<JobEvent[]> {
  const found: JobEvent[] = [];
  let seq = 1;
  while (found.length < limit) {
    const message = await next(bus, { seq, next_by_subj: `jobs.${partitionOf(jobId)}.${jobId}.*` });
    if (!message) break;
    seq = message.seq + 1;
    try {
      found.push(parseMessage(JobEvent, message.data, message.subject));
    } catch {
      // The consumer keeps it as a dead letter.
    }
  }
  return found;
}

/** Whether the log says that a job has ended. */
export async function hasFinishedEvent(bus: Bus, jobId: string): Promise<boolean> {
  return (await next(bus, { last_by_subj: `jobs.${partitionOf(jobId)}.${jobId}.finished` })) !== undefined;
}

type Query = { last_by_subj: string } | { seq: number; next_by_subj: string };

async function next(bus: Bus, query: Query) {
  try {
    return (await bus.jsm.streams.getMessage(eventConsumer.stream, query as { last_by_subj: string })) ?? undefined;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === notFound) return undefined;
    throw toBrokerError(error);
  }
}
