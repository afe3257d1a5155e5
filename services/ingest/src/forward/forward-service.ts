import type { ApplyEffectsResponse } from "@pixelmesh/proto";
import {
  type CallContext,
  type GeneratedService,
  onceSent,
  type RawConnection,
  type ServiceMethod,
} from "@pixelmesh/rpc";
import type { Transfers } from "@pixelmesh/service";
import { callTenant } from "../rpc/call-tenant.ts";
import { chargeRequests, openResponseMemory } from "./bound-memory.ts";

/** A service whose calls are passed on to a worker. */
export type ForwardedService = {
  /** Name of the service for errors: `effects`, `upscale`, `background`. */
  readonly name: string;
  readonly definition: GeneratedService;
  readonly connection: RawConnection;
  /** What ingest itself does around some methods, by the method's key in the definition. */
  readonly hooks?: Readonly<Record<string, ForwardHooks>>;
};

/** What ingest does before and after a forwarded call. Messages are encoded. */
export type ForwardHooks = {
  /** Throws to refuse the call. */
  readonly authorize?: (context: CallContext) => void;
  /** Returns the request to send. Only for methods with a single request. */
  readonly rewriteRequest?: (request: Uint8Array) => Promise<Uint8Array>;
  /** Sees the response. Only for methods with a single response. */
  readonly onResponse?: (response: Uint8Array) => void;
};

/** Handlers of all methods of a raw service, by key. */
export type ForwardHandlers = Readonly<Record<string, (request: never, context: CallContext) => unknown>>;

/** The time that the running call has left is the limit of a forwarded call; this is the longest that a server allows. */
const longestCallMs = 15 * 60_000;

/**
 * Creates a handler for each method of a service that passes the call on to a worker and the responses back, as bytes. Tenant, trace, deadline and
 * cancellation go with it. The worker's errors are thrown as they are; SERVICE_UNAVAILABLE with RetryInfo names the service if no worker
 * answers.
 */
export function createForwardHandlers(service: ForwardedService, transfers: Transfers): ForwardHandlers {
  const { definition, hooks = {} } = service;
  return Object.fromEntries(
    Object.entries(definition.methods).map(([key, method]) => [
      key,
      createForwardHandler(service, method, hooks[key] ?? {}, transfers),
    ]),
  );
}

/** A response of the calls that return a picture: progress, a header, then chunks. */
type PictureResponse = Pick<ApplyEffectsResponse, "part">;

type Given = Uint8Array | AsyncIterable<Uint8Array>;

function createForwardHandler(
  { name, definition, connection }: ForwardedService,
  method: ServiceMethod,
  { authorize, rewriteRequest, onResponse }: ForwardHooks,
  { uploads, downloads }: Transfers,
) {
  const path = `/${definition.fullName}/${method.name}`;

  async function* forward(
    given: Given,
    context: CallContext,
    memory: ReturnType<typeof openResponseMemory>,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    // Before anything is sent: throws for an invalid tenant.
    callTenant();
    authorize?.(context);
    const { signal } = context;
    const charged = chargeRequests(await toRequests(given, rewriteRequest), uploads);
    try {
      const call = { path, requests: charged.requests, signal, timeoutMs: longestCallMs, service: name };
      for await (const response of connection.call(call)) {
        charged.release();
        await memory.charge(Math.max(response.length, nextLength(method, response)), signal);
        yield response;
      }
    } finally {
      charged.close();
    }
  }

  async function* stream(given: Given, context: CallContext) {
    const memory = openResponseMemory(downloads);
    try {
      yield* forward(given, context, memory);
    } finally {
      memory.release();
    }
  }

  async function single(given: Given, context: CallContext): Promise<Uint8Array> {
    const memory = openResponseMemory(downloads);
    try {
      const [response] = await Array.fromAsync(forward(given, context, memory));
      if (response === undefined) throw new Error(`${path} ended without a response`);
      onResponse?.(response);
      return onceSent(response, memory.release);
    } catch (error) {
      memory.release();
      throw error;
    }
  }

  return method.responseStream ? stream : single;
}

/** Chunks of our workers, in bytes. */
const chunkBytes = 256 * 1024;
/** Longest header of a result, in bytes. Longer messages are chunks, and are not decoded. */
const maxHeaderBytes = 64 * 1024;

/**
 * Returns the length of the chunk that follows this response if it is the header of a result, otherwise 0. Memory is taken before the header is passed
 * on, because clients repeat a refused call only until its result begins.
 */
function nextLength({ responseStream, responseType }: ServiceMethod, response: Uint8Array): number {
  if (!responseStream || response.length > maxHeaderBytes) return 0;
  const { part } = responseType.decode(response) as PictureResponse;
  return part?.$case === "header" ? Math.min(part.value.sizeBytes, chunkBytes) : 0;
}

async function toRequests(given: Given, rewrite: ForwardHooks["rewriteRequest"]): Promise<AsyncIterable<Uint8Array>> {
  if (!(given instanceof Uint8Array)) return given;
  const request = rewrite ? await rewrite(given) : given;
  return (async function* () {
    yield request;
  })();
}
