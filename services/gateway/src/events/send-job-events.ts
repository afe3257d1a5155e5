import type { FastifyReply, FastifyRequest } from "fastify";
import { isEndSeen, isSeen, parseEventId, placeOf, toEndId, toEventId } from "../domain/event-id.ts";
import type { JobView } from "../domain/job-view.ts";
import { headerOf } from "../http/request-scope.ts";
import { isEnded } from "../jobs/wait.ts";
import type { IngestCall } from "../rpc/call-options.ts";
import type { IngestClients } from "../rpc/ingest-clients.ts";
import type { EventStreams } from "./event-stream.ts";
import { follow } from "./follow.ts";
import { relayStates } from "./relay-states.ts";

/** What following a job or a batch needs. */
export type FollowOptions = {
  readonly clients: IngestClients;
  readonly streams: EventStreams;
  readonly call: IngestCall;
};

/** What following a job needs. */
export type JobEventOptions = FollowOptions & { readonly toJobJson: JobView };

/**
 * Sends the states of a job as events, from the one now to the last, then `end`. After `Last-Event-ID` nothing that the caller has seen is sent again,
 * and 204 tells one that has seen the end to stop. Throws JOB_NOT_FOUND before the stream begins.
 */
export async function sendJobEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  jobId: string,
  { clients, streams, call, toJobJson }: JobEventOptions,
): Promise<FastifyReply> {
  const last = parseEventId(headerOf(request, "last-event-id"));
  // After the first state that the caller has not seen, it gets every one: an earlier wait may come back.
  let isBehind = true;
  const states = follow(() => clients.jobs.watchJob({ jobId }, call), isEnded, call.signal);
  return await relayStates(reply, {
    states,
    streams,
    signal: call.signal,
    isSeen: (first) => isEnded(first) && isEndSeen(last),
    async send(stream, job) {
      const place = placeOf(job);
      isBehind &&= isSeen(place, last);
      if (!isBehind) await stream.send({ event: "job", id: toEventId(place), data: toJobJson(job) });
      if (isEnded(job)) await stream.send({ event: "end", id: toEndId(place), data: { state: toJobJson(job).state } });
    },
  });
}
