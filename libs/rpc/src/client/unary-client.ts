import { setTimeout as sleep } from "node:timers/promises";
import type { Channel } from "@grpc/grpc-js";
import type { CompatServiceDefinition } from "nice-grpc";
import { type CallOptions, ClientError, Metadata, Status } from "nice-grpc-common";
import type { OpenCall } from "./call-scope.ts";
import { isRefused, maxTries, pauseBeforeTry } from "./retry-refused.ts";
import { callOnce, createMetadata, type UnaryMethod } from "./unary-attempt.ts";

/** Options of a unary call. */
export type UnaryOptions = Pick<CallOptions, "metadata" | "signal"> & {
  readonly timeoutMs?: number;
  readonly tenant?: string;
  /** Retries the call while the server does not answer (UNAVAILABLE). Only for idempotent calls. */
  readonly repeat?: boolean;
};

/** Repeats of a call with `repeat`, and the pauses before them, which double. */
const maxRepeats = 4;
const firstPauseMs = 50;
const longestPauseMs = 1_000;

type Call = (request: never, options?: UnaryOptions) => Promise<unknown>;
type Codec = {
  readonly encode: (message: unknown) => { finish(): Uint8Array };
  readonly decode: (bytes: Uint8Array) => unknown;
  /** Absent in code of other releases of ts-proto, whose messages are always whole. */
  readonly fromPartial?: (message: unknown) => unknown;
};
type Definition = {
  readonly fullName: string;
  readonly methods: Readonly<
    Record<
      string,
      {
        readonly name: string;
        readonly requestType: Codec;
        readonly requestStream: boolean;
        readonly responseType: Codec;
        readonly responseStream: boolean;
      }
    >
  >;
};

/** Creates the unary methods of a service that ts-proto generated; none for definitions of other generators. */
export function createUnaryMethods(
  definition: CompatServiceDefinition,
  channel: Channel,
  openCall: OpenCall,
): Record<string, Call> {
  if (!("methods" in definition)) return {};
  const { fullName, methods } = definition as unknown as Definition;
  const unary = Object.entries(methods).filter(
    ([, { requestStream, responseStream }]) => !requestStream && !responseStream,
  );
  return Object.fromEntries(
    unary.map(([key, { name, requestType, responseType }]) => {
      const method = {
        path: `/${fullName}/${name}`,
        encode: (request: unknown) =>
          toBuffer(requestType.encode(requestType.fromPartial?.(request) ?? request).finish()),
        decode: (bytes: Buffer) => responseType.decode(bytes),
      };
      return [
        key,
        (request: never, options: UnaryOptions = {}) => callUnary(channel, method, request, options, openCall),
      ];
    }),
  );
}

/** Calls a unary method, with the retries that are allowed. Throws AppErrors, or the abort of the signal. */
async function callUnary<Request, Response>(
  channel: Channel,
  method: UnaryMethod<Request, Response>,
  request: Request,
  { metadata: own, signal, repeat, ...extras }: UnaryOptions,
  openCall: OpenCall,
): Promise<Response> {
  const scope = openCall(method.path, extras);
  const { deadlineUnixMs = Number.POSITIVE_INFINITY } = scope;
  const attempt = () => {
    const metadata = createMetadata(own ? Metadata(own) : []);
    scope.addHeaders((name, value) => metadata.set(name, value));
    return callOnce(channel, method, request, { metadata, deadlineUnixMs, signal });
  };
  try {
    const response = await repeatRefused(attempt, signal).catch((error: unknown) => {
      if (repeat) return repeatUnavailable(() => repeatRefused(attempt, signal), error, signal);
      throw error;
    });
    scope.succeed();
    return response;
  } catch (error) {
    throw scope.fail(error);
  } finally {
    scope.end();
  }
}

/** Repeats a call that the server refused before it processed any of it. */
async function repeatRefused<T>(attempt: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!isRefused(error) || tries === maxTries) throw error;
      await pauseBeforeTry(tries + 1, signal);
    }
  }
}

/** Repeats a call after `failure` while its failures are UNAVAILABLE. */
async function repeatUnavailable<T>(
  attempt: () => Promise<T>,
  failure: unknown,
  signal: AbortSignal | undefined,
): Promise<T> {
  let last = failure;
  for (let repeats = 0; repeats < maxRepeats; repeats += 1) {
    if (!(last instanceof ClientError) || last.code !== Status.UNAVAILABLE) throw last;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** repeats);
    await sleep((pauseMs * (1 + Math.random())) / 2, undefined, signal ? { signal } : {});
    try {
      return await attempt();
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/** Returns the same bytes as a Buffer, without a copy. */
function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
