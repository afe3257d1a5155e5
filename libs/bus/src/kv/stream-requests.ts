import { type ApiError, JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import type { Msg, MsgHdrs } from "@nats-io/transport-node";
import type { Bus } from "../connection/connect.ts";

/** The broker's answer to a stored message. */
export type StoredAnswer = {
  readonly seq: number;
  /** Whether a message with the same id was stored before. */
  readonly isDuplicate: boolean;
};

/** A message of a stream. */
export type StreamMessage = {
  readonly subject: string;
  readonly seq: number;
  readonly data: Uint8Array;
  /** The message's headers as text; empty if it has none. */
  readonly headers: string;
  readonly storedUnixMs: number;
};

type Connection = Pick<Bus, "nc">;
type Reply = { readonly error?: ApiError };
type PublishReply = Reply & { readonly seq: number; readonly duplicate?: boolean };
type MessageReply = Reply & {
  readonly message: {
    readonly subject: string;
    readonly seq: number;
    readonly time: string;
    readonly data?: string;
    readonly hdrs?: string;
  };
};

/** Timeout of a request. A repeated write has no further effect, and a repeated read none at all. */
const timeoutMs = 2_000;

/**
 * Stores a message in the stream of its subject (NATS ADR-22). Sends the request itself: the client's layers take a third of the processor time
 * of a write. Throws JetStreamApiError if the broker refuses it, and the connection's errors.
 */
export async function storeMessage(
  { nc }: Connection,
  subject: string,
  payload: Uint8Array,
  headers?: MsgHdrs,
): Promise<StoredAnswer> {
  const reply = await nc.request(subject, payload, { timeout: timeoutMs, ...(headers ? { headers } : {}) });
  const { seq, duplicate = false } = parseReply<PublishReply>(reply);
  return { seq, isDuplicate: duplicate };
}

/** Returns the last message of a stream on a subject, which may have wildcards; undefined if there is none. Throws as `storeMessage` does. */
export async function readLastMessage(
  { nc }: Connection,
  stream: string,
  subject: string,
): Promise<StreamMessage | undefined> {
  const payload = JSON.stringify({ last_by_subj: subject });
  const reply = await nc.request(`$JS.API.STREAM.MSG.GET.${stream}`, payload, { timeout: timeoutMs });
  const { message } = parseReply<MessageReply>(reply, JetStreamApiCodes.NoMessageFound) ?? {};
  if (message === undefined) return undefined;
  const { data = "", hdrs = "", time, ...rest } = message;
  return {
    subject: rest.subject,
    seq: rest.seq,
    data: Buffer.from(data, "base64"),
    headers: hdrs === "" ? "" : Buffer.from(hdrs, "base64").toString("latin1"),
    storedUnixMs: Date.parse(time),
  };
}

function parseReply<T extends Reply>(reply: Msg): T;
function parseReply<T extends Reply>(reply: Msg, expectedCode: number): T | undefined;
function parseReply<T extends Reply>(reply: Msg, expectedCode?: number): T | undefined {
  const parsed = reply.json<T>();
  if (parsed.error === undefined) return parsed;
  if (parsed.error.err_code === expectedCode) return undefined;
  throw new JetStreamApiError(parsed.error);
}
