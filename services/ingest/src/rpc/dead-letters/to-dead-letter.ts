import { type Bus, type DeadLetter, type DeadLetterFilter, findDeadLetter, matchesFilter } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import type { DeadLetter as DeadLetterView } from "@pixelmesh/proto";

/** Returns the stream, job and step that a subject names; empty if it names none. */
export function parseDeadSubject(subject: string): { kind: string; jobId: string; stepId: string } {
  const [kind = "", ...tokens] = subject.split(".");
  if (kind === "work") return { kind, jobId: tokens[2] ?? "", stepId: tokens[3] ?? "" };
  return { kind, jobId: (kind === "jobs" || kind === "callbacks" ? tokens[1] : tokens[0]) ?? "", stepId: "" };
}

/** Returns the view of a dead letter, without its message. */
export function toDeadLetter({
  sequence,
  subject,
  reason,
  storedUnixMs,
  traceparent,
  payload,
}: DeadLetter): DeadLetterView {
  const { jobId, stepId } = parseDeadSubject(subject);
  return { sequence, subject, reason, storedUnixMs, traceparent, jobId, stepId, sizeBytes: payload.length };
}

/** Returns a dead letter. Throws DEAD_LETTER_NOT_FOUND, also for one that the caller may not see. */
export async function findVisible(bus: Bus, sequence: number, filter: DeadLetterFilter): Promise<DeadLetter> {
  const letter = sequence > 0 ? await findDeadLetter(bus, sequence) : undefined;
  if (!letter || !matchesFilter(letter, filter))
    throw new AppError("DEAD_LETTER_NOT_FOUND", "There is no dead letter of this sequence");
  return letter;
}
