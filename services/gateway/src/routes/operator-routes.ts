import { AppError } from "@pixelmesh/errors";
import { choiceFlag, integerFlag } from "@pixelmesh/flag-values";
import { toCallbackJson, toDeadLetterJson, toWholeDeadLetterJson } from "@pixelmesh/json-views";
import { CallbackState } from "@pixelmesh/proto";
import type { FastifyRequest } from "fastify";
import { parsePageQuery } from "../domain/page-query.ts";
import type { Parameter } from "../domain/parameter.ts";
import { inQuery } from "../domain/typed-query.ts";
import { parseQuery } from "../http/query.ts";
import { ingestCallOf } from "../http/request-scope.ts";
import type { GatewayParts } from "./gateway-parts.ts";
import { jobIdParameter, pageQuery } from "./parameters.ts";
import { jsonResponse, pathValue, type Route, ref } from "./route.ts";

const listQuery = pageQuery(200, 50);
const callbackStates = ["pending", "delivered", "failed"] as const;
const callbackQuery = {
  ...listQuery,
  state: { description: "Only callbacks in this state.", schema: { type: "string", enum: callbackStates } },
};
const sequence: Parameter = { description: "Number of the dead letter.", schema: { type: "integer", minimum: 1 } };

/** The routes of dead letters and callbacks. */
export function operatorRoutes({ clients: { jobs, deadLetters } }: GatewayParts): Route[] {
  const parameters = { sequence };
  return [
    {
      method: "GET",
      path: "/v1/dead-letters",
      id: "listDeadLetters",
      tag: "Dead letters",
      summary: "Messages that could not be processed, oldest first",
      query: listQuery,
      responses: { 200: jsonResponse("A page of dead letters", ref("DeadLetterPage")) },
      async handle(request) {
        const page = parsePageQuery(parseQuery(request, { query: listQuery }), 200);
        const found = await deadLetters.listDeadLetters(page, ingestCallOf(request));
        return { deadLetters: found.deadLetters.map(toDeadLetterJson), nextPageToken: found.nextPageToken };
      },
    },
    {
      method: "GET",
      path: "/v1/dead-letters/{sequence}",
      id: "getDeadLetter",
      tag: "Dead letters",
      summary: "One dead letter with its message",
      parameters,
      responses: { 200: jsonResponse("The dead letter", ref("WholeDeadLetter")) },
      handle: async (request) =>
        toWholeDeadLetterJson(await deadLetters.getDeadLetter(sequenceOf(request), ingestCallOf(request))),
    },
    {
      method: "POST",
      path: "/v1/dead-letters/{sequence}:replay",
      id: "replayDeadLetter",
      tag: "Dead letters",
      summary: "Try it again: work of an ended job as a new job, else as the message that it was",
      parameters,
      responses: { 200: jsonResponse("The new job, or an empty id", ref("Replayed")) },
      handle: async (request) => {
        const { jobId } = await deadLetters.replayDeadLetter(sequenceOf(request), ingestCallOf(request));
        return { jobId };
      },
    },
    {
      method: "DELETE",
      path: "/v1/dead-letters/{sequence}",
      id: "dropDeadLetter",
      tag: "Dead letters",
      summary: "Delete it",
      parameters,
      responses: { 204: { description: "It is deleted" } },
      async handle(request, reply) {
        await deadLetters.dropDeadLetter(sequenceOf(request), ingestCallOf(request));
        return reply.code(204).send();
      },
    },
    {
      method: "GET",
      path: "/v1/callbacks",
      id: "listCallbacks",
      tag: "Callbacks",
      summary: "The callbacks of the tenant's jobs, newest first",
      query: callbackQuery,
      responses: { 200: jsonResponse("A page of callbacks", ref("CallbackPage")) },
      async handle(request) {
        const query = parseQuery(request, { query: callbackQuery });
        const word = query.get("state");
        const state = word === null ? CallbackState.UNSPECIFIED : toCallbackState(word);
        const page = await jobs.listCallbacks({ ...parsePageQuery(query, 200), state }, ingestCallOf(request));
        return { callbacks: page.callbacks.map(toCallbackJson), nextPageToken: page.nextPageToken };
      },
    },
    {
      method: "POST",
      path: "/v1/callbacks/{id}:retry",
      id: "retryCallback",
      tag: "Callbacks",
      summary: "Make the callback of an ended job again",
      parameters: { id: jobIdParameter },
      responses: { 200: jsonResponse("The callback", ref("Callback")) },
      handle: async (request) =>
        toCallbackJson(await jobs.retryCallback({ jobId: pathValue(request, "id") }, ingestCallOf(request))),
    },
  ];
}

function toCallbackState(word: string): CallbackState {
  const state = inQuery(() => choiceFlag("--state", callbackStates)(word));
  return CallbackState[state.toUpperCase() as Uppercase<typeof state>];
}

function sequenceOf(request: FastifyRequest): { readonly sequence: number } {
  try {
    return { sequence: integerFlag("sequence", 1, Number.MAX_SAFE_INTEGER)(pathValue(request, "sequence")) };
  } catch {
    throw new AppError("DEAD_LETTER_NOT_FOUND", "There is no dead letter of this number");
  }
}
