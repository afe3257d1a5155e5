import { ImageFormat, JobState, Priority, Quality, StepState, WaitReason } from "@pixelmesh/proto";

/** The state of a job by name. */
export type JobStateName = Exclude<keyof typeof JobState, "UNSPECIFIED" | "UNRECOGNIZED">;
/** The state of a step by name. */
export type StepStateName = Exclude<keyof typeof StepState, "UNSPECIFIED" | "UNRECOGNIZED">;
/** The format of a picture by name. */
export type ImageFormatName = Exclude<keyof typeof ImageFormat, "UNSPECIFIED" | "UNRECOGNIZED">;
/** The priority of a job by name. */
export type PriorityName = Exclude<keyof typeof Priority, "UNSPECIFIED" | "UNRECOGNIZED">;
/** The quality of a job by name. */
export type QualityName = Exclude<keyof typeof Quality, "UNSPECIFIED" | "UNRECOGNIZED">;
/** What a step waits for, by name. */
export type WaitReasonName = Exclude<keyof typeof WaitReason, "UNSPECIFIED" | "UNRECOGNIZED">;

/** Names of the states that a job can have. */
export const jobStateNames: readonly JobStateName[] = namesOf(JobState);
/** Names of the states that a step can have. */
export const stepStateNames: readonly StepStateName[] = namesOf(StepState);

/** Returns the name of a job's state; undefined for a state that this release does not know. */
export const jobStateName = (state: JobState): JobStateName | undefined => nameOf(JobState, state);
/** Returns the name of a step's state; undefined for a state that this release does not know. */
export const stepStateName = (state: StepState): StepStateName | undefined => nameOf(StepState, state);
/** Returns the name of a format; undefined for a format that this release does not know. */
export const imageFormatName = (format: ImageFormat): ImageFormatName | undefined => nameOf(ImageFormat, format);
/** Returns the name of a priority; undefined for a priority that this release does not know. */
export const priorityName = (priority: Priority): PriorityName | undefined => nameOf(Priority, priority);
/** Returns the name of a quality; undefined for a quality that this release does not know. */
export const qualityName = (quality: Quality): QualityName | undefined => nameOf(Quality, quality);
/** Returns the name of what a step waits for; undefined for a reason that this release does not know. */
export const waitReasonName = (reason: WaitReason): WaitReasonName | undefined => nameOf(WaitReason, reason);

/** Returns the extension of files of a format, without a dot: `jpg` for JPEG, `bin` for a format that this release does not know. */
export function formatExtension(format: ImageFormat): string {
  const name = imageFormatName(format);
  if (name === undefined || name === "AUTO") return "bin";
  return name === "JPEG" ? "jpg" : name.toLowerCase();
}

type Names<E> = Exclude<keyof E, "UNSPECIFIED" | "UNRECOGNIZED">;

function namesOf<E extends Readonly<Record<string, number>>>(values: E): readonly Names<E>[] {
  const names = Object.keys(values).filter((name) => name !== "UNSPECIFIED" && name !== "UNRECOGNIZED");
  return Object.freeze(names) as readonly Names<E>[];
}

function nameOf<E extends Readonly<Record<string, number>>>(values: E, value: number): Names<E> | undefined {
  return namesOf(values).find((name) => values[name] === value);
}
