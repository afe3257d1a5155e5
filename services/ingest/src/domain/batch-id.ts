import { AppError } from "@pixelmesh/errors";
import { createJobId, createUuid, type JobRequest } from "./job-id.ts";

const prefix = "b1a"; // Version 1 of the stored form, cell a.
const form = /^b1a-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Creates the id of a batch, as `createJobId` does: it sorts by time, and its last two groups follow from the request id. */
export function createBatchId(nowUnixMs: number, random: Uint8Array, request: JobRequest): string {
  return `${prefix}-${createUuid(nowUnixMs, random, request)}`;
}

/** Whether a text has the form of a batch id. */
export function isBatchId(text: string): boolean {
  return form.test(text);
}

/** Returns the error of a batch id that the tenant does not have. */
export function batchNotFound(): AppError {
  return new AppError("BATCH_NOT_FOUND", "There is no batch with this id");
}

/** Throws BATCH_NOT_FOUND for a text that does not have the form of a batch id. */
export function assertBatchId(batchId: string): void {
  if (!isBatchId(batchId)) throw batchNotFound();
}

/** A batch, as far as the ids of its jobs follow from it. */
export type BatchIdentity = { readonly batchId: string; readonly tenant: string; readonly createdUnixMs: number };

/** Returns the request id of a job of a batch. `index` is the place of its source, `attempt` is 1 for the first. */
export function batchRequestId({ batchId }: Pick<BatchIdentity, "batchId">, index: number, attempt: number): string {
  return `batch:${batchId}:${index}:${attempt}`;
}

const noRandom = new Uint8Array(16);

/** Returns the id of a job of a batch. It follows from the batch, so that no process creates the job a second time. */
export function batchJobId(batch: BatchIdentity, index: number, attempt: number): string {
  const requestId = batchRequestId(batch, index, attempt);
  return createJobId(batch.createdUnixMs, noRandom, { tenant: batch.tenant, requestId });
}
