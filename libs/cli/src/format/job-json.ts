import { type Job, reasonFromEnum } from "@pixelmesh/client";
import { type JobError, JobState, Priority, StepState } from "@pixelmesh/proto";
import { toFormatWord } from "../run/document.ts";
import { toEnumWord } from "./enum-word.ts";

/** Converts a job to the JSON of `jobs … --json`, with words for enums. */
export function toJobJson(job: Job) {
  return {
    ...job,
    state: toEnumWord(JobState, job.state).toUpperCase(),
    priority: toEnumWord(Priority, job.priority),
    sources: job.sources.map((source) => ({
      ...source,
      info: source.info && { ...source.info, format: toFormatWord(source.info.format) },
    })),
    steps: job.steps.map((step) => ({
      ...step,
      state: toEnumWord(StepState, step.state).toUpperCase(),
      error: toErrorJson(step.error),
    })),
    outputs: job.outputs.map((output) => ({ ...output, format: toFormatWord(output.format) })),
    error: toErrorJson(job.error),
  };
}

function toErrorJson(error: JobError | undefined) {
  return error ? { ...error, reason: reasonFromEnum(error.reason) } : null;
}
