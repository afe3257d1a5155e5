import { type Job, JobState, reasonFromEnum } from "@pixelmesh/client";
import { toEnumWord, toFormatWord, toJobJson } from "@pixelmesh/json-views";
import { type StepCost, StepState, type StepWait, WaitReason } from "@pixelmesh/proto";
import { toProgressText } from "../run/picture-line.ts";
import { toMoney } from "./describe-features.ts";
import { toShortSize, toShortTime, toTable } from "./text.ts";

/** Whether the job succeeded. */
export function isSucceeded(job: Job): boolean {
  return job.state === JobState.SUCCEEDED;
}

/** Formats one job with its steps and outputs, or as JSON. */
export function describeJob(job: Job, json: boolean): string {
  if (json) return `${JSON.stringify(toJobJson(job), null, 2)}\n`;
  const steps = job.steps.map((step) => [
    step.id,
    step.operation,
    toEnumWord(StepState, step.state),
    step.cached ? `cached, saved ${toShortTime(step.savedMs)}` : toShortTime(step.runMs),
    [step.model, step.provider].filter((part) => part !== "").join(" on "),
    `${step.widthPx}x${step.heightPx}`,
    step.confidence === undefined ? "" : step.confidence.toFixed(2),
  ]);
  const outputs = job.outputs.map((output) => [
    output.name,
    output.ready ? `${output.widthPx}x${output.heightPx} ${toFormatWord(output.format)}` : "not ready",
    output.ready ? toShortSize(output.sizeBytes) : "",
    output.sha256,
  ]);
  return [
    describeChange(job, false),
    ...(job.feature === "" ? [] : [`feature: ${job.feature}\n`]),
    ...(job.labels.length > 0 ? [`labels: ${job.labels.join(" ")}\n`] : []),
    toTable([["STEP", "OPERATION", "STATE", "TOOK", "BY", "SIZE", "CONFIDENCE"], ...steps]),
    ...job.steps.map(({ id, wait }) => (wait ? `${id} waits: ${toWaitText(wait)}\n` : "")),
    toTable([["OUTPUT", "PICTURE", "SIZE", "SHA256"], ...outputs]),
    ...job.steps.map(({ id, cost }) => (cost ? `${id} ${toCostText(cost)}\n` : "")),
    ...job.adaptations.map(
      ({ stepId, kind, from, to, why }) => `lowered in ${stepId}: ${kind} ${from} -> ${to} (${why})\n`,
    ),
    ...job.notices.map(({ stepId, text }) => `note${stepId ? ` on ${stepId}` : ""}: ${text}\n`),
  ].join("");
}

/** Formats what a step by a hosted model costs. */
function toCostText({ estimateMicros, actualMicros, savedMicros, currency, provider }: StepCost): string {
  if (savedMicros > 0)
    return `cost nothing, cached; the call to ${provider} had cost ${toMoney(savedMicros, currency)}`;
  if (actualMicros > 0) return `cost ${toMoney(actualMicros, currency)} at ${provider}`;
  return `costs about ${toMoney(estimateMicros, currency)} at ${provider}`;
}

/** Formats what a step waits for: "memory, device gpu-1, place 3 in the queue for slots". */
function toWaitText({ reason, position, deviceId }: StepWait): string {
  const word = toEnumWord(WaitReason, reason).replaceAll("_", " ");
  const device = deviceId === "" ? "" : `, device ${deviceId}`;
  return `${word}${device}${position > 0 ? `, place ${position} in the queue for slots` : ""}`;
}

/** Formats the state of a job as one line of text, or of JSON. */
export function describeChange(job: Job, json: boolean): string {
  if (json) return `${JSON.stringify(toJobJson(job))}\n`;
  const state = toEnumWord(JobState, job.state);
  if (job.state === JobState.RUNNING) return `${job.id}  ${state}  ${toProgressText(job)}\n`;
  const took = toShortTime(job.finishedUnixMs - job.createdUnixMs);
  const why = job.error ? `  ${reasonFromEnum(job.error.reason)}: ${job.error.message}` : "";
  return `${job.id}  ${state}  after ${took}${why}\n`;
}
