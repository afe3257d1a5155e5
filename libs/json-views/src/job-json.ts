import { reasonFromEnum } from "@pixelmesh/errors";
import {
  type ImageInfo,
  type Job,
  type JobError,
  JobState,
  Priority,
  StepState,
  type StepWait,
  WaitReason,
} from "@pixelmesh/proto";
import { toEnumWord, toFormatWord } from "./enum-word.ts";

/** Converts a job to JSON, with words for enums. Its error is null if it has none. */
export function toJobJson(job: Job) {
  return {
    ...job,
    state: toEnumWord(JobState, job.state).toUpperCase(),
    priority: toEnumWord(Priority, job.priority),
    sources: job.sources.map((source) => ({ ...source, info: source.info && toImageInfoJson(source.info) })),
    steps: job.steps.map((step) => ({
      ...step,
      state: toEnumWord(StepState, step.state).toUpperCase(),
      error: toErrorJson(step.error),
      wait: step.wait && toWaitJson(step.wait),
    })),
    outputs: job.outputs.map((output) => ({ ...output, format: toFormatWord(output.format) })),
    error: toErrorJson(job.error),
  };
}

/** Converts the properties of a picture to JSON, with a word for the format. */
export function toImageInfoJson(info: ImageInfo) {
  return { ...info, format: toFormatWord(info.format) };
}

function toWaitJson({ reason, ...wait }: StepWait) {
  return { reason: toEnumWord(WaitReason, reason), ...wait };
}

function toErrorJson(error: JobError | undefined) {
  return error ? { ...error, reason: reasonFromEnum(error.reason) } : null;
}
