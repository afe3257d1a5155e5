import { hash } from "node:crypto";
import type { Job } from "@pixelmesh/proto";

/** The place of a state of a job in its life. Later states are greater. `waits` tells apart what its steps wait for; empty: nothing. */
export type EventPlace = { readonly revision: number; readonly step: number; readonly waits: string };

/** Steps of the progress within a revision. */
const progressSteps = 10_000;

/** The `step` of the id of the event `end`. */
const endStep = progressSteps + 1;

/**
 * Returns the place of a state: the revision of its record, then its progress in ten-thousandths, which never falls, then a hash of what its steps wait
 * for. All come from the state alone, so that any gateway can tell after a cut connection what its caller has seen.
 */
export function placeOf({ revision, progress, steps }: Pick<Job, "revision" | "progress" | "steps">): EventPlace {
  const waits = steps.flatMap(({ id, wait }) => (wait ? [[id, wait.reason, wait.position, wait.deviceId]] : []));
  const digest = waits.length === 0 ? "" : hash("sha256", JSON.stringify(waits), "hex").slice(0, 8);
  return { revision, step: Math.round(progress * progressSteps), waits: digest };
}

/** Returns the id of an event: `<revision>-<n>`, and `-<hash>` where steps wait. */
export function toEventId({ revision, step, waits }: EventPlace): string {
  return waits === "" ? `${revision}-${step}` : `${revision}-${step}-${waits}`;
}

/** Returns the id of the event `end` after a job's last state. */
export function toEndId({ revision }: EventPlace): string {
  return toEventId({ revision, step: endStep, waits: "" });
}

/** Reads the id of an event; undefined for a text that is none. */
export function parseEventId(text: string | undefined): EventPlace | undefined {
  const [, revision, step, waits = ""] = /^(\d{1,15})-(\d{1,5})(?:-([0-9a-f]{8}))?$/.exec(text ?? "") ?? [];
  return revision === undefined ? undefined : { revision: Number(revision), step: Number(step), waits };
}

/** Whether a caller that has seen `last` has seen this place. */
export function isSeen({ revision, step, waits }: EventPlace, last: EventPlace | undefined): boolean {
  if (last === undefined) return false;
  if (revision !== last.revision) return revision < last.revision;
  // At the same progress, the steps may wait for something else by now.
  return step < last.step || (step === last.step && waits === last.waits);
}

/** Whether a caller has seen the event `end`. */
export function isEndSeen(last: EventPlace | undefined): boolean {
  return last?.step === endStep;
}
