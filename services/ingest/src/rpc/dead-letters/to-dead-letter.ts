import { type DeadLetter, type DeadLetterFilter, findDeadLetter, matchesFilter } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import type { DeadLetter as DeadLetterView } from "@pixelmesh/proto";
import type { JobParts } from "../parts.ts";

/** What a subject says of job and step; empty where it says nothing. */
export function parseDeadSubject(subject: string): { kind: string; jobId: string; stepId: string } {
  const [kind = "", ...tokens] = subject.split(".");
  if (kind === "work") return { kind, jobId: tokens[2] ?? "", stepId: tokens[3] ?? "" };
  return { kind, jobId: (kind === "jobs" ? tokens[1] : tokens[0]) ?? "", stepId: "" };
}

/** A dead letter as people see it, without its message. */
export function toDeadLetter({ sequence, subject, reason, storedUnixMs, traceparent, payload }: DeadLetter) {
  const { jobId, stepId } = parseDeadSubject(subject);
  const view: DeadLetterView = {
    sequence,
    subject,
    reason,
    storedUnixMs,
    traceparent,
    jobId,
    stepId,
    sizeBytes: payload.length,
  };
  return view;
}

/** Throws DEAD_LETTER_NOT_FOUND, also for one that the caller may not see. */
export async function getDeadLetter(
  { base }: JobParts,
  sequence: number,
  filter: DeadLetterFilter,
): Promise<DeadLetter> {
  const letter = sequence > 0 ? await findDeadLetter(base.bus, sequence) : undefined;
  if (!letter || !matchesFilter(letter, filter))
    throw new AppError("DEAD_LETTER_NOT_FOUND", "There is no dead letter of this sequence");
  return letter;
}
