import { type Channel, Metadata, type StatusObject, status } from "@grpc/grpc-js";
import { ClientError } from "nice-grpc-common";
import { RichClientError } from "nice-grpc-error-details";
import { decodeDetails, detailsKey } from "../errors/error-details.ts";

/** A unary method on the wire. */
export type UnaryMethod<Request, Response> = {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly encode: (request: Request) => Buffer;
  readonly decode: (bytes: Buffer) => Response;
};

/** Options of one attempt. */
export type AttemptOptions = {
  readonly metadata: Metadata;
  /** Sent to the server as the time that remains. */
  readonly deadlineUnixMs: number;
  readonly signal: AbortSignal | undefined;
};

/**
 * Sends one request and resolves to the response. Rejects with a ClientError, or with an AbortError once the signal is aborted. It uses the
 * channel of grpc-js without the layers that its client adds: emitter, interceptors, and a stack trace for each call.
 */
export function callOnce<Request, Response>(
  channel: Channel,
  { path, encode, decode }: UnaryMethod<Request, Response>,
  request: Request,
  { metadata, deadlineUnixMs, signal }: AttemptOptions,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(toAbortError());
    let bytes: Buffer;
    try {
      bytes = encode(request);
    } catch (error) {
      const text = error instanceof Error ? error.message : "";
      return reject(new ClientError(path, status.INTERNAL as number, `Request message serialization failure: ${text}`));
    }
    const call = channel.createCall(path, deadlineUnixMs, null, null, null);
    let received: { readonly response: Response } | undefined;
    let localFailure: ClientError | undefined;
    const onAbort = () => {
      reject(toAbortError());
      call.cancelWithStatus(status.CANCELLED, "Cancelled on client");
    };
    const cancel = (code: status, details: string) => {
      localFailure = new ClientError(path, code as number, details);
      call.cancelWithStatus(code, details);
    };
    call.start(metadata, {
      onReceiveMetadata() {},
      onReceiveMessage(message: Buffer | null) {
        if (message === null) return;
        if (received) return cancel(status.UNIMPLEMENTED, "Too many responses received");
        try {
          received = { response: decode(message) };
        } catch (error) {
          cancel(status.INTERNAL, `Response message parsing error: ${error instanceof Error ? error.message : ""}`);
        }
      },
      onReceiveStatus(end: StatusObject) {
        signal?.removeEventListener("abort", onAbort);
        if (localFailure) reject(localFailure);
        else if (end.code !== status.OK) reject(toClientError(path, end));
        else if (received) resolve(received.response);
        else reject(new ClientError(path, status.UNIMPLEMENTED as number, "No message received"));
      },
    });
    call.startRead();
    call.sendMessageWithContext({}, bytes);
    call.halfClose();
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function toAbortError(): DOMException {
  return new DOMException("The call was cancelled", "AbortError");
}

/** Converts the status of a failed call to a ClientError, with the google.rpc details that it carries. */
export function toClientError(path: string, { code, details, metadata }: StatusObject): ClientError {
  // grpc-js adds how long the call took and where it stood.
  const text = code === status.DEADLINE_EXCEEDED && /^Deadline exceeded/i.test(details) ? "Deadline exceeded" : details;
  const [encoded] = metadata.get(detailsKey);
  if (!(encoded instanceof Uint8Array)) return new ClientError(path, code as number, text);
  return new RichClientError(path, code as number, text, decodeDetails(encoded));
}

/** Creates the metadata of a call from nice-grpc's. */
export function createMetadata(entries: Iterable<[string, (string | Uint8Array)[]]> = []): Metadata {
  const metadata = new Metadata();
  for (const [name, values] of entries)
    for (const value of values) metadata.add(name, typeof value === "string" ? value : Buffer.from(value));
  return metadata;
}
