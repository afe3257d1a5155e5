import { type GetDeadLetterRequest, type GetDeadLetterResponse, JobEvent, WorkItem } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { JobParts } from "../parts.ts";
import { visibleTo } from "./caller.ts";
import { getDeadLetter, parseDeadSubject, toDeadLetter } from "./to-dead-letter.ts";

/** GetDeadLetter: the message as bytes, and as JSON where it decodes. */
export function createGetDeadLetter(parts: JobParts) {
  return async ({ sequence }: GetDeadLetterRequest, context: CallContext): Promise<GetDeadLetterResponse> => {
    const letter = await getDeadLetter(parts, sequence, visibleTo(context, parts.operators));
    const { subject, payload } = letter;
    return { deadLetter: toDeadLetter(letter), payload, text: toText(subject, payload) };
  };
}

function toText(subject: string, payload: Uint8Array): string {
  const { kind } = parseDeadSubject(subject);
  try {
    if (kind === "work") return JSON.stringify(WorkItem.toJSON(WorkItem.decode(payload)));
    if (kind === "jobs") return JSON.stringify(JobEvent.toJSON(JobEvent.decode(payload)));
  } catch {
    // Malformed is why it is here: the bytes are all there is.
  }
  return "";
}
