import { AppError } from "@pixelmesh/errors";
import { v7 } from "uuid";

const prefix = "j1a"; // Version 1 of the record's form, cell a.
const form = new RegExp(`^${prefix}-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`);

/** Creates a job id: a prefix for version and cell, then a UUIDv7 (RFC 9562), so that ids sort by time. */
export function createJobId(nowUnixMs: number, random: Uint8Array): string {
  return `${prefix}-${v7({ msecs: nowUnixMs, random })}`;
}

/** Whether a text has the form of a job id. */
export function isJobId(text: string): boolean {
  return form.test(text);
}

/** Throws JOB_NOT_FOUND for a text that does not have the form of a job id. */
export function assertJobId(jobId: string): void {
  if (!isJobId(jobId)) throw new AppError("JOB_NOT_FOUND", "There is no job with this id");
}

/** Returns when a job id was created, in Unix milliseconds: the first 48 bits of its UUID. */
export function createdUnixMsOf(jobId: string): number {
  return Number.parseInt(jobId.slice(prefix.length + 1, prefix.length + 14).replace("-", ""), 16);
}
