import { toBatchJobJson, toBatchJson } from "@pixelmesh/json-views";
import { type Batch, BatchState } from "@pixelmesh/proto";
import type { FastifyReply, FastifyRequest } from "fastify";
import { headerOf } from "../http/request-scope.ts";
import { follow } from "./follow.ts";
import { relayStates } from "./relay-states.ts";
import type { FollowOptions } from "./send-job-events.ts";

/** What begins the id of the event `end`, before the cursor. */
const endMark = "end-";

/**
 * Sends the progress of a batch as events `batch` with the jobs that have ended since the event before, then `end`. The id of an event is its cursor, at
 * which `Last-Event-ID` continues. Throws BATCH_NOT_FOUND before the stream begins.
 */
export async function sendBatchEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  batchId: string,
  { clients, streams, call }: FollowOptions,
): Promise<FastifyReply> {
  const last = headerOf(request, "last-event-id") ?? "";
  let cursor = last.startsWith(endMark) ? last.slice(endMark.length) : last;
  const states = follow(() => clients.jobs.watchBatch({ batchId, cursor }, call), isOver, call.signal);
  return await relayStates(reply, {
    states,
    streams,
    signal: call.signal,
    isSeen: (first) => last.startsWith(endMark) && isOver(first),
    async send(stream, batch) {
      cursor = batch.cursor;
      const data = { ...toBatchJson(batch), ended: batch.ended.map(toBatchJobJson) };
      await stream.send({ event: "batch", id: cursor, data });
      if (isOver(batch)) await stream.send({ event: "end", id: `${endMark}${cursor}`, data: { state: data.state } });
    },
  });
}

/** Whether the batch has ended. Its last message alone says so. */
function isOver({ state }: Batch): boolean {
  return state === BatchState.ENDED || state === BatchState.CANCELLED;
}
