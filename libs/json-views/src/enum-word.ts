import { ImageFormat, JobState } from "@pixelmesh/proto";

/** Returns the lower-case name of an enum's value ("host_memory"), or "unknown" for a value of a later release. */
export function toEnumWord(names: Readonly<Record<string, number>>, value: number | undefined): string {
  const found = Object.entries(names).find(([, number]) => number === value)?.[0];
  return found === undefined || found === "UNRECOGNIZED" ? "unknown" : found.toLowerCase();
}

/** Returns the format's lower-case name: jpeg, png, webp, avif. */
export function toFormatWord(format: ImageFormat): string {
  return toEnumWord(ImageFormat, format);
}

/** Returns RUNNING, SUCCEEDED, FAILED or CANCELLED; FAILED where there is no job. */
export function toStateName(state: JobState | undefined): string {
  return Object.entries(JobState).find(([, value]) => value === state)?.[0] ?? "FAILED";
}

/** Words of the states of jobs. */
export type JobStateWord = "running" | "succeeded" | "failed" | "cancelled";

/** Returns the state that a word names. */
export function toStateNumber(word: JobStateWord): JobState {
  return JobState[word.toUpperCase() as Uppercase<typeof word>];
}
