import { hash } from "node:crypto";
import { expected } from "@pixelmesh/errors";
import { requestDigest } from "@pixelmesh/pipeline";
import { type CreateBatchRequest, type CreateJobHeader, Priority } from "@pixelmesh/proto";
import { maxBatchSources, maxNameBytes } from "../../domain/batch-limits.ts";
import { parseDeadline } from "../../domain/deadline.ts";
import { assertCallerLabels } from "../../domain/labels.ts";

/** A CreateBatch request whose fields are within their ranges. */
export type ParsedBatch = {
  /** With its defaults, except for the deadline. */
  readonly header: CreateJobHeader;
  readonly sources: readonly { readonly name: string; readonly sha256: string }[];
  /** Of header and sources, without names, labels and deadline. */
  readonly requestDigest: string;
};

/** Checks everything of a request but its pipeline and its deadline. Throws INVALID_ARGUMENT with the field. */
export function parseBatch(request: CreateBatchRequest): ParsedBatch {
  if (!request.header) throw expected("header", "set", "nothing");
  const count = request.sources.length;
  if (count < 1 || count > maxBatchSources)
    throw expected("sources", `1 to ${maxBatchSources} pictures`, `${count} pictures`);
  const sources = request.sources.map(({ sha256 }, index) => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw expected(`sources[${index}].sha256`, "64 lower-case hex digits", sha256);
    return { name: request.names[index] ?? "", sha256 };
  });
  assertNames(request.names, count);
  const { priority, labels } = request.header;
  const header: CreateJobHeader = {
    ...request.header,
    priority: priority === Priority.UNSPECIFIED ? Priority.BATCH : priority,
    labels: [...new Set(labels)],
  };
  assertCallerLabels(header.labels, "header.labels");
  const all = hash("sha256", sources.map(({ sha256 }) => sha256).join("\n"), "hex");
  return { header, sources, requestDigest: requestDigest(header, [{ name: "source", sha256: all, info: undefined }]) };
}

function assertNames(names: readonly string[], count: number): void {
  if (names.length !== 0 && names.length !== count)
    throw expected("names", `empty, or a name for each of the ${count} sources`, `${names.length} names`);
  for (const [index, name] of names.entries())
    if (Buffer.byteLength(name) > maxNameBytes)
      throw expected(`names[${index}]`, `at most ${maxNameBytes} bytes of UTF-8`, `${Buffer.byteLength(name)} bytes`);
}

/**
 * Returns the header with a deadline that counts from the creation of each job; 0 for the mesh's default. Throws INVALID_ARGUMENT, also for a deadline
 * that has passed: a repetition of an earlier request needs no deadline.
 */
export function withRelativeDeadline(header: CreateJobHeader, nowUnixMs: number): CreateJobHeader {
  if (header.deadlineUnixMs === 0 && header.deadlineAfterMs === 0) return header;
  return { ...header, deadlineUnixMs: 0, deadlineAfterMs: parseDeadline(header, nowUnixMs, 0) - nowUnixMs };
}
