import { Metadata, type ServerInterceptor, status } from "@grpc/grpc-js";
import type { Reason } from "@pixelmesh/errors";
import type { Logger, Metrics } from "@pixelmesh/telemetry";
import { detailsKey, encodeDetails, statusOf } from "./errors.ts";
import { tooManyMessages } from "./message-decoder.ts";

/** Largest message that is taken or sent. */
export const maxMessageBytes = 4 * 1024 * 1024 + 64 * 1024;

type Finding = {
  readonly words: RegExp;
  readonly reason: Reason;
  readonly text: string;
  readonly retryAfterMs?: number;
};

/** What grpc-js itself finds wrong with a call, known by its words alone, and how we say it. */
const findings: readonly Finding[] = [
  {
    words: /^Error deserializing request/,
    reason: "MALFORMED_MESSAGE",
    text: "The bytes of the request are not its message",
  },
  { words: /^Failed to decompress/, reason: "MALFORMED_MESSAGE", text: "The request cannot be decompressed" },
  {
    words: /^Received message compressed with/,
    reason: "MALFORMED_MESSAGE",
    text: "Expected a message as it is, or compressed by deflate or gzip",
  },
  {
    words: /^Received (no|a second) request message/,
    reason: "MALFORMED_MESSAGE",
    text: "Expected exactly one request message",
  },
  {
    words: /^Invalid grpc-timeout/,
    reason: "MALFORMED_MESSAGE",
    text: "Expected `grpc-timeout` to be up to 8 digits and a unit",
  },
  {
    words: /^Received message (larger|that decompresses)/,
    reason: "REQUEST_TOO_LARGE",
    text: `Expected messages of up to ${maxMessageBytes} bytes, got a larger one`,
  },
  {
    words: new RegExp(`^${tooManyMessages}$`),
    reason: "REQUEST_TOO_LARGE",
    text: `${tooManyMessages}; send larger chunks`,
  },
  {
    words: /^Too many uploads at once/,
    reason: "QUEUE_FULL",
    text: "Too many uploads at once; try again",
    retryAfterMs: 1_000,
  },
  {
    words: /^Deadline exceeded$/,
    reason: "DEADLINE_EXCEEDED",
    text: "The deadline passed before the call was done",
  },
  // An answer that could not be written; nobody is there to read what became of it.
  { words: /^Internal server error$/, reason: "CANCELLED", text: "The client is gone" },
];

const refusals: ReadonlySet<Reason> = new Set<Reason>(["MALFORMED_MESSAGE", "REQUEST_TOO_LARGE", "QUEUE_FULL"]);

/**
 * Gives the refusals that grpc-js sends for this innermost call before any middleware sees it (bytes that are not the message,
 * messages above the limit, bad compression) a reason from the closed list, as handlers' failures have one, and counts them.
 */
export function explainRefusals(
  call: Parameters<ServerInterceptor>[1],
  method: string,
  log: Logger,
  metrics: Metrics,
): void {
  const send = call.sendStatus.bind(call);
  let isRefused = false;
  // The innermost call sends them by this method of its own; interceptors around it never see them.
  call.sendStatus = (bare) => {
    const isHandlers = bare.code === status.OK || (bare.metadata?.get(detailsKey).length ?? 0) > 0;
    if (isHandlers || isRefused) return send(bare);
    isRefused = true;
    const { reason, text, retryAfterMs } = toFinding(bare.details ?? "");
    if (reason === "INTERNAL") log.error({ method, details: bare.details }, "unexpected failure");
    if (refusals.has(reason)) {
      metrics.count("pixelmesh_refused_requests_total", { rpc_method: method, reason });
      log.info({ method, reason }, "request refused");
    }
    const metadata = bare.metadata ?? new Metadata();
    metadata.set(detailsKey, Buffer.from(encodeDetails(reason, text, retryAfterMs)));
    send({ code: statusOf(reason), details: text, metadata });
  };
}

function toFinding(words: string): Omit<Finding, "words"> {
  const found = findings.find(({ words: pattern }) => pattern.test(words));
  return found ?? { reason: "INTERNAL", text: "Internal error; the log of the service has the cause" };
}
