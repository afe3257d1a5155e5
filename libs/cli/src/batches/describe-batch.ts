import { type Batch, type BatchJob, BatchState, isBatchEnded } from "@pixelmesh/client";
import { toBatchJobWord, toBatchJson, toEnumWord, toErrorText } from "@pixelmesh/json-views";
import { toRate, toRoughTime, toShortTime, toTable } from "../format/text.ts";

/** How many jobs of a batch failed for each reason, the most frequent first. */
export type FailureCounts = readonly (readonly [reason: string, count: number])[];

/** Formats batches as a table, or as a JSON array. */
export function describeBatches(batches: readonly Batch[], isJson: boolean): string {
  if (isJson) return `${JSON.stringify(batches.map(toBatchJson), null, 2)}\n`;
  const rows = batches.map((batch) => [
    batch.id,
    toEnumWord(BatchState, batch.state),
    new Date(batch.createdUnixMs).toISOString(),
    isBatchEnded(batch) ? tookText(batch) : (leftText(batch) ?? ""),
    `${endedOf(batch)}/${batch.jobsTotal}`,
    batch.jobsFailed > 0 ? String(batch.jobsFailed) : "",
    batch.labels.join(" "),
  ]);
  return toTable([["ID", "STATE", "CREATED", "TOOK", "ENDED", "FAILED", "LABELS"], ...rows]);
}

/** Formats the state of a batch as one line of text, or of JSON. */
export function describeBatch(batch: Batch, isJson: boolean): string {
  if (isJson) return `${JSON.stringify(toBatchJson(batch))}\n`;
  const { jobsTotal, jobsSucceeded, jobsFailed, jobsCancelled, jobsRunning, jobsPerSecond } = batch;
  const facts = [
    `${jobsSucceeded} of ${jobsTotal} jobs succeeded`,
    ...(jobsFailed > 0 ? [`${jobsFailed} failed`] : []),
    ...(jobsCancelled > 0 ? [`${jobsCancelled} cancelled`] : []),
    ...(isBatchEnded(batch) ? [`after ${tookText(batch)}`] : [`${jobsRunning} running`]),
    ...(jobsPerSecond > 0 ? [toRate(jobsPerSecond)] : []),
    ...(isBatchEnded(batch) ? [] : (leftText(batch) ?? [])),
  ];
  return `${batch.id}  ${toEnumWord(BatchState, batch.state)}  ${facts.join(", ")}\n`;
}

/** Formats why jobs failed: "failed: 28 IMAGE_CORRUPT, 2 DEADLINE_EXCEEDED". Empty without failures. */
export function describeFailures(failures: FailureCounts): string {
  if (failures.length === 0) return "";
  return `failed: ${failures.map(([reason, count]) => `${count} ${reason}`).join(", ")}\n`;
}

/** Formats jobs of a batch as a table. */
export function describeBatchJobs(jobs: readonly BatchJob[]): string {
  const rows = jobs.map(({ index, name, jobId, state, error, attempt }) => [
    String(index),
    name,
    toBatchJobWord(state),
    String(attempt),
    jobId,
    error ? toErrorText(error) : "",
  ]);
  return toTable([["INDEX", "PICTURE", "STATE", "ATTEMPT", "JOB", "ERROR"], ...rows]);
}

function endedOf({ jobsSucceeded, jobsFailed, jobsCancelled }: Batch): number {
  return jobsSucceeded + jobsFailed + jobsCancelled;
}

function tookText({ createdUnixMs, finishedUnixMs }: Batch): string {
  return toShortTime(Math.max(0, finishedUnixMs - createdUnixMs));
}

function leftText({ etaMs }: Batch): string | undefined {
  return etaMs > 0 ? `about ${toRoughTime(etaMs)} left` : undefined;
}
