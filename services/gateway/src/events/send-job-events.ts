import { toJobJson } from "@pixelmesh/json-views";
import type { Job } from "@pixelmesh/proto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { isEndSeen, isSeen, parseEventId, placeOf, toEndId, toEventId } from "../domain/event-id.ts";
import { headerOf } from "../http/request-scope.ts";
import { isEnded } from "../jobs/wait.ts";
import type { IngestCall } from "../rpc/call-options.ts";
import type { IngestClients } from "../rpc/ingest-clients.ts";
import type { EventStreams } from "./event-stream.ts";
import { follow } from "./follow.ts";
import { toProblemEvent } from "./problem-event.ts";

/** What following a job needs. */
export type JobEventOptions = {
  readonly clients: IngestClients;
  readonly streams: EventStreams;
  readonly call: IngestCall;
};

/**
 * Sends the states of a job as events, from the one now to the last, then `end`. After `Last-Event-ID` nothing that the caller has seen is sent again,
 * and 204 tells one that has seen the end to stop. Throws JOB_NOT_FOUND before the stream begins.
 */
export async function sendJobEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  jobId: string,
  { clients, streams, call }: JobEventOptions,
): Promise<FastifyReply> {
  const last = parseEventId(headerOf(request, "last-event-id"));
  const states = follow(() => clients.jobs.watchJob({ jobId }, call), isEnded, call.signal);
  // Read before the head is sent, so that a failure is a problem document.
  const first = await states.next();
  if (first.done) return reply.code(204).send();
  if (isEnded(first.value) && isEndSeen(last)) {
    await states.return();
    return reply.code(204).send();
  }
  const stream = streams.open(reply);
  try {
    await sendState(first.value);
    for await (const job of states) await sendState(job);
  } catch (error) {
    if (!call.signal.aborted) await stream.send(toProblemEvent(error));
  } finally {
    await states.return();
    stream.close();
  }
  return reply;

  async function sendState(job: Job): Promise<void> {
    const place = placeOf(job);
    if (!isSeen(place, last)) await stream.send({ event: "job", id: toEventId(place), data: toJobJson(job) });
    if (isEnded(job)) await stream.send({ event: "end", id: toEndId(place), data: { state: toJobJson(job).state } });
  }
}
