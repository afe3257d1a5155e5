import { createHash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import { v7 } from "uuid";

const prefix = "j2a"; // Version 2 of the stored form, cell a.
const prefixLength = prefix.length + 1;
const form = /^j[12]a-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const identityLength = "8000-000000000000".length;

/** The request of a job. An empty `requestId`: none. */
export type JobRequest = { readonly tenant: string; readonly requestId: string };

/**
 * Creates a job id: a prefix for version and cell, then a UUIDv7 (RFC 9562), so that ids sort by time. Its last 62 random bits are the
 * identity of the job. They follow from the request id if there is one, else from `random`, 16 bytes. The other 12 bits are always random,
 * so that two calls with one request id have different ids.
 */
export function createJobId(nowUnixMs: number, random: Uint8Array, request: JobRequest): string {
  return `${prefix}-${createUuid(nowUnixMs, random, request)}`;
}

/** Returns the UUIDv7 of an id: its time, random bits, and the identity that follows from the request id. */
export function createUuid(nowUnixMs: number, random: Uint8Array, request: JobRequest): string {
  const identity = request.requestId === "" ? random.subarray(8) : hashOf(request);
  const [own = 0, other = 0, h0 = 0, h1 = 0, h2 = 0] = [...random.subarray(0, 2), ...identity];
  // `seq` fills the first 32 random bits (uuid 11 to 14); the last two bits of byte 10 and the bytes after it come from `random`.
  const seq = ((((own << 8) | other) & 0xfff) * 2 ** 20 + ((h0 & 0x3f) << 14) + (h1 << 6) + (h2 >> 2)) >>> 0;
  const rest = Uint8Array.from([...random.subarray(0, 8), ...identity]);
  return v7({ msecs: nowUnixMs, random: rest, seq });
}

/** Returns the identity of a job: the last two groups of its id. */
export function identityOf(jobId: string): string {
  return jobId.slice(-identityLength);
}

/** Returns the identity of every job with this request id. */
export function identityOfRequest(request: JobRequest): string {
  return identityOf(createJobId(0, new Uint8Array(16), request));
}

/** Whether the specification of a job is stored under its whole id, as for ids of version 1. */
export function isStoredByWholeId(jobId: string): boolean {
  return jobId.startsWith("j1");
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
  return Number.parseInt(jobId.slice(prefixLength, prefixLength + 13).replace("-", ""), 16);
}

function hashOf({ tenant, requestId }: JobRequest): Uint8Array {
  return createHash("sha256").update(`${tenant}\0${requestId}`).digest().subarray(0, 8);
}
