import type { Job } from "@pixelmesh/proto";

/** The place of a state of a job in its life. Later states are greater. */
export type EventPlace = { readonly revision: number; readonly step: number };

/** Steps of the progress within a revision. */
const progressSteps = 10_000;

/** The `step` of the id of the event `end`. */
const endStep = progressSteps + 1;

/**
 * Returns the place of a state: the revision of its record, then its progress in ten-thousandths, which never falls. Both come from the state alone, so
 * that any gateway can tell after a cut connection what its caller has seen.
 */
export function placeOf({ revision, progress }: Pick<Job, "revision" | "progress">): EventPlace {
  return { revision, step: Math.round(progress * progressSteps) };
}

/** Returns the id of an event: `<revision>-<n>`. */
export function toEventId({ revision, step }: EventPlace): string {
  return `${revision}-${step}`;
}

/** Returns the id of the event `end` after a job's last state. */
export function toEndId({ revision }: EventPlace): string {
  return toEventId({ revision, step: endStep });
}

/** Reads the id of an event; undefined for a text that is none. */
export function parseEventId(text: string | undefined): EventPlace | undefined {
  const [, revision, step] = /^(\d{1,15})-(\d{1,5})$/.exec(text ?? "") ?? [];
  return revision === undefined ? undefined : { revision: Number(revision), step: Number(step) };
}

/** Whether a caller that has seen `last` has seen this place. */
export function isSeen({ revision, step }: EventPlace, last: EventPlace | undefined): boolean {
  if (last === undefined) return false;
  return revision < last.revision || (revision === last.revision && step <= last.step);
}

/** Whether a caller has seen the event `end`. */
export function isEndSeen(last: EventPlace | undefined): boolean {
  return last?.step === endStep;
}
