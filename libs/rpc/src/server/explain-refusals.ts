import { Metadata, type ServerInterceptor, status } from "@grpc/grpc-js";
import type { Reason } from "@pixelmesh/errors";
import type { Logger, Metrics } from "@pixelmesh/telemetry";
import { detailsKey, encodeDetails } from "../errors/error-details.ts";
import { statusOf } from "../errors/statuses.ts";
import { tooManyMessages } from "../limits/message-decoder.ts";

/** Largest message that is received or sent. */
export const maxMessageBytes = 4 * 1024 * 1024 + 64 * 1024;

type GrpcError = {
  readonly pattern: RegExp;
  readonly reason: Reason;
  readonly text: string;
  readonly retryAfterMs?: number;
};

/** Errors of grpc-js itself, recognised by their texts, and our reason and text for each. */
const grpcErrors: readonly GrpcError[] = [
  {
    pattern: /^Error deserializing request/,
    reason: "MALFORMED_MESSAGE",
    text: "The bytes of the request are not its message",
  },
  { pattern: /^Failed to decompress/, reason: "MALFORMED_MESSAGE", text: "The request cannot be decompressed" },
  {
    pattern: /^Received message compressed with/,
    reason: "MALFORMED_MESSAGE",
    text: "Expected a message as it is, or compressed by deflate or gzip",
  },
  {
    pattern: /^Received (no|a second) request message/,
    reason: "MALFORMED_MESSAGE",
    text: "Expected exactly one request message",
  },
  {
    pattern: /^Invalid grpc-timeout/,
    reason: "MALFORMED_MESSAGE",
    text: "Expected `grpc-timeout` to be up to 8 digits and a unit",
  },
  {
    pattern: /^Received message (larger|that decompresses)/,
    reason: "REQUEST_TOO_LARGE",
    text: `Expected messages of up to ${maxMessageBytes} bytes, got a larger one`,
  },
  {
    pattern: new RegExp(`^${tooManyMessages}$`),
    reason: "REQUEST_TOO_LARGE",
    text: `${tooManyMessages}; send larger chunks`,
  },
  {
    pattern: /^Too many uploads at once/,
    reason: "QUEUE_FULL",
    text: "Too many uploads at once; try again",
    retryAfterMs: 1_000,
  },
  {
    pattern: /^Deadline exceeded$/,
    reason: "DEADLINE_EXCEEDED",
    text: "The deadline passed before the call was done",
  },
  // The response could not be written: the client is gone.
  { pattern: /^Internal server error$/, reason: "CANCELLED", text: "The client is gone" },
];

/** Reasons that are counted as refused requests. */
const countedReasons: ReadonlySet<Reason> = new Set<Reason>(["MALFORMED_MESSAGE", "REQUEST_TOO_LARGE", "QUEUE_FULL"]);

/**
 * Adds a reason from the closed list to the refusals that grpc-js sends for this innermost call before any middleware sees it (bytes
 * that are not the message, messages above the limit, bad compression), and counts them.
 */
export function explainRefusals(
  call: Parameters<ServerInterceptor>[1],
  method: string,
  log: Logger,
  metrics: Metrics,
): void {
  const send = call.sendStatus.bind(call);
  let isRefused = false;
  // The innermost call sends them with its own method, so interceptors around it never see them.
  call.sendStatus = (bare) => {
    const isFromHandler = bare.code === status.OK || (bare.metadata?.get(detailsKey).length ?? 0) > 0;
    if (isFromHandler || isRefused) return send(bare);
    isRefused = true;
    const { reason, text, retryAfterMs } = explain(bare.details ?? "");
    if (reason === "INTERNAL") log.error({ method, details: bare.details }, "unexpected failure");
    if (countedReasons.has(reason)) {
      metrics.count("pixelmesh_refused_requests_total", { rpc_method: method, reason });
      log.info({ method, reason }, "request refused");
    }
    const metadata = bare.metadata ?? new Metadata();
    metadata.set(detailsKey, Buffer.from(encodeDetails(reason, text, retryAfterMs)));
    send({ code: statusOf(reason), details: text, metadata });
  };
}

function explain(details: string): Omit<GrpcError, "pattern"> {
  const found = grpcErrors.find(({ pattern }) => pattern.test(details));
  return found ?? { reason: "INTERNAL", text: "Internal error; the log of the service has the cause" };
}
