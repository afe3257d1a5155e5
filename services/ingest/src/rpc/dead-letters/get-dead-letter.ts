import type { Bus } from "@pixelmesh/bus";
import {
  CallbackEntry,
  type GetDeadLetterRequest,
  type GetDeadLetterResponse,
  JobEvent,
  WorkItem,
} from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { Tokens } from "@pixelmesh/secrets";
import { toCallback } from "../callbacks/to-callback.ts";
import { visibleTo } from "./caller.ts";
import { findVisible, parseDeadSubject, toDeadLetter } from "./to-dead-letter.ts";

/** GetDeadLetter: returns the message as bytes, and as JSON if it decodes. */
export function createGetDeadLetter(bus: Bus, operators: Tokens | undefined) {
  return async ({ sequence }: GetDeadLetterRequest, context: CallContext): Promise<GetDeadLetterResponse> => {
    const letter = await findVisible(bus, sequence, visibleTo(context, operators));
    const { subject, payload } = letter;
    return { deadLetter: toDeadLetter(letter), payload, text: toText(subject, payload) };
  };
}

function toText(subject: string, payload: Uint8Array): string {
  const { kind } = parseDeadSubject(subject);
  try {
    if (kind === "work") return JSON.stringify(WorkItem.toJSON(WorkItem.decode(payload)));
    if (kind === "callbacks") return toCallbackText(CallbackEntry.decode(payload));
    if (kind === "jobs") return JSON.stringify(JobEvent.toJSON(JobEvent.decode(payload)));
  } catch {
    // A malformed message has bytes only.
  }
  return "";
}

function toCallbackText(entry: CallbackEntry): string {
  return JSON.stringify({ ...toCallback(entry), body: Buffer.from(entry.body).toString("utf8") });
}
