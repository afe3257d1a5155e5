import { expected, reasons as knownReasons, reasonToEnum } from "@pixelmesh/errors";
import { operationNames } from "@pixelmesh/pipeline";
import { type JobFilter, JobState } from "@pixelmesh/proto";
import { isJobId } from "../domain/job-id.ts";
import { assertLabelForms, maxLabels } from "../domain/labels.ts";
import { allJobsOf, type JobQuery } from "../listing/job-query.ts";

const statesOfJobs: readonly number[] = [JobState.RUNNING, JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED];
const reasonNumbers: ReadonlySet<number> = new Set(knownReasons.map(reasonToEnum));
const maxJobIds = 1_000;

/**
 * Converts the filter of a request to a query for the tenant's jobs. Throws INVALID_ARGUMENT for unknown states, reasons and operations,
 * for labels and ids of a bad form, and for a time range that is empty.
 */
export function parseFilter(filter: JobFilter | undefined, tenant: string): JobQuery {
  const all = allJobsOf(tenant);
  if (!filter) return all;
  const { states, reasons, labels, operations, createdAfterUnixMs, createdBeforeUnixMs, jobIds } = filter;
  assertEach(
    "filter.states",
    states,
    (state) => statesOfJobs.includes(state),
    "RUNNING, SUCCEEDED, FAILED or CANCELLED",
  );
  assertEach("filter.reasons", reasons, (reason) => reasonNumbers.has(reason), "reasons that this mesh knows");
  assertEach(
    "filter.operations",
    operations,
    (name) => operationNames.includes(name),
    `one of ${operationNames.join(", ")}`,
  );
  assertLabels(labels);
  if (jobIds.length > maxJobIds) throw expected("filter.job_ids", `at most ${maxJobIds} ids`, `${jobIds.length} ids`);
  assertEach("filter.job_ids", jobIds, isJobId, "ids of jobs");
  assertTimes(createdAfterUnixMs, createdBeforeUnixMs);
  return { ...all, ...filter, states: states.length === 0 ? all.states : states };
}

/** Like `parseFilter`. Throws INVALID_ARGUMENT for a filter without a criterion, too: such a call would act on every job. */
export function parseCriteria(filter: JobFilter | undefined, tenant: string): JobQuery {
  const hasCriterion = Object.values(filter ?? {}).some((value) =>
    Array.isArray(value) ? value.length > 0 : value !== 0,
  );
  if (!filter || !hasCriterion) throw expected("filter", "a filter with at least one criterion", "none");
  return parseFilter(filter, tenant);
}

/** Restricts a query to jobs in one of these states. */
export function withStates(query: JobQuery, states: readonly number[]): JobQuery {
  return { ...query, states: query.states.filter((state) => states.includes(state)) };
}

function assertEach<T extends string | number>(
  field: string,
  values: readonly T[],
  isKnown: (value: T) => boolean,
  form: string,
): void {
  for (const value of values) if (!isKnown(value)) throw expected(field, form, value);
}

function assertLabels(labels: readonly string[]): void {
  // The caller's labels and that of the batch.
  const most = maxLabels + 1;
  if (labels.length > most) throw expected("filter.labels", `at most ${most} labels`, `${labels.length} labels`);
  assertLabelForms(labels, "filter.labels");
}

function assertTimes(afterUnixMs: number, beforeUnixMs: number): void {
  for (const [field, value] of [
    ["created_after_unix_ms", afterUnixMs],
    ["created_before_unix_ms", beforeUnixMs],
  ] as const)
    if (!Number.isSafeInteger(value) || value < 0)
      throw expected(`filter.${field}`, "Unix milliseconds, 0 for no bound", value);
  if (beforeUnixMs !== 0 && afterUnixMs >= beforeUnixMs)
    throw expected("filter.created_after_unix_ms", "before created_before_unix_ms", afterUnixMs);
}
