import type { FastifyReply } from "fastify";
import type { EventStream, EventStreams } from "./event-stream.ts";
import { toProblemEvent } from "./problem-event.ts";

/** The states of one thing, and how they are sent. */
export type Relay<State> = {
  readonly states: AsyncGenerator<State, void, undefined>;
  readonly streams: EventStreams;
  /** The end of the caller's request. */
  readonly signal: AbortSignal;
  /** Whether the caller has seen the end that this first state tells. */
  readonly isSeen: (first: State) => boolean;
  readonly send: (stream: EventStream, state: State) => Promise<void>;
};

/**
 * Sends states as server-sent events until they end. The first state is read before the head of the response, so that a failure before it is a problem
 * document; a later one is an event `error`. Answers 204 where there is no state or the caller has seen the end.
 */
export async function relayStates<State>(
  reply: FastifyReply,
  { states, streams, signal, isSeen, send }: Relay<State>,
): Promise<FastifyReply> {
  const first = await states.next();
  if (first.done || isSeen(first.value)) {
    await states.return();
    return reply.code(204).send();
  }
  const stream = streams.open(reply);
  try {
    await send(stream, first.value);
    for await (const state of states) await send(stream, state);
  } catch (error) {
    if (!signal.aborted) await stream.send(toProblemEvent(error));
  } finally {
    await states.return();
    stream.close();
  }
  return reply;
}
