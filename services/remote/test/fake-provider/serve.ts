import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { toControlAnswer } from "./control-api.ts";
import { type FakeAnswer, type FakeCall, type FakeRequest, json, readRequest, sendAnswer } from "./exchange.ts";
import { type FakeState, takeFault } from "./fake-state.ts";
import { toGenericCall } from "./generic-api.ts";
import { toOpenaiCall } from "./openai-api.ts";
import { findFile, toEvents } from "./outputs.ts";
import { toReplicateCall } from "./replicate-api.ts";

const maxRequests = 20_000;
const host = "127.0.0.1";

/** Starts the server of the APIs and the server of files, each on a port of its own. */
export async function serve(state: FakeState): Promise<void> {
  state.url = await listen(state, async (request) => toApiCall(state, request));
  state.filesUrl = await listen(state, async (request) => toFileCall(state, request));
}

async function listen(
  state: FakeState,
  route: (request: FakeRequest) => Promise<FakeCall | undefined>,
): Promise<string> {
  const server: Server = createServer((request, response) => {
    handle(state, route, request, response).catch(() => response.destroy());
  });
  server.requestTimeout = 0;
  server.on("connection", (socket) => {
    state.openConnections += 1;
    socket.on("close", () => {
      state.openConnections -= 1;
    });
  });
  server.listen({ port: 0, host, backlog: 1_024 });
  await once(server, "listening");
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

async function handle(
  state: FakeState,
  route: (request: FakeRequest) => Promise<FakeCall | undefined>,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const request = await readRequest(incoming, `http://${host}`);
  const control = toControlAnswer(state, request);
  if (control) return void response.writeHead(control.status, control.headers).end(control.body);
  const call = (await route(request)) ?? refusal("get", json(404, { detail: "Not found" }));
  const fault = takeFault(state, call.at, call.model);
  if (call.at === "create")
    state.ledger.count(call.model, (counts) => {
      counts.calls += 1;
    });
  const status = await sendAnswer(response, call, fault, (bytes) => {
    state.hugeBytesSent += bytes;
  });
  if (state.requests.length < maxRequests) state.requests.push(toLine(state, request, status));
}

async function toApiCall(state: FakeState, request: FakeRequest): Promise<FakeCall | undefined> {
  const call = toReplicateCall(state, request) ?? toGenericCall(state, request) ?? (await toOpenaiCall(state, request));
  if (!call || isAuthorized(state, request)) return call;
  const detail = "You did not pass a valid authentication token";
  const answer = json(401, {
    title: "Unauthenticated",
    detail,
    status: 401,
    error: { message: "Incorrect API key provided" },
  });
  return refusal(call.at, answer, call.model);
}

async function toFileCall(state: FakeState, { method, url }: FakeRequest): Promise<FakeCall | undefined> {
  if (method !== "GET") return undefined;
  const [, id = ""] = /^\/stream\/([a-z0-9]+)$/.exec(url.pathname) ?? [];
  const prediction = state.predictions.find(id);
  if (prediction)
    return {
      at: "stream",
      model: prediction.model,
      act: async () => ({
        status: 200,
        headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
        body: toEvents(prediction, state.filesUrl),
      }),
    };
  const bytes = findFile(url.pathname, state.predictions.find, state.sentFiles);
  if (!bytes) return refusal("file", { status: 404, body: "Not found" });
  return {
    at: "file",
    model: "",
    act: async () => ({ status: 200, headers: { "content-type": "image/png" }, body: bytes }),
  };
}

function refusal(at: FakeCall["at"], answer: FakeAnswer, model = ""): FakeCall {
  return { at, model, act: async () => answer };
}

function isAuthorized({ options: { token } }: FakeState, { headers }: FakeRequest): boolean {
  return token === undefined || headers.authorization === `Bearer ${token}` || headers["x-api-key"] === token;
}

function toLine(state: FakeState, request: FakeRequest, status: number) {
  const { method, url, headers } = request;
  const { authorization, ...others } = headers;
  const isValid = isAuthorized(state, request) ? "valid" : "wrong";
  const shown = authorization === undefined ? others : { ...others, authorization: isValid };
  return { method, path: `${url.pathname}${url.search}`, headers: shown, status };
}
