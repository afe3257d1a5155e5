import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { JobQuery } from "./job-query.ts";
import { isRetryable } from "./job-query.ts";
import type { JobRow } from "./job-row.ts";

/** The tag of every job. */
export const everyJob = 0;
const tagBytes = 6;
const maxCached = 10_000;

/** Turns labels and operations into tags: numbers of 48 bits under which the table lists jobs. */
export type JobTags = {
  /** Returns the tags of a job as bytes, six for each, without `everyJob`. */
  ofRow(row: JobRow): Uint8Array;
  /** Returns the tags that a job must have to meet a query. */
  ofQuery(query: JobQuery): number[];
};

/** Creates tags by hashing. Two texts may share a tag, so a reader of the table checks the record. */
export function createJobTags(): JobTags {
  const cache = new LRUCache<string, number>({ max: maxCached });
  function tagOf(text: string): number {
    const known = cache.get(text);
    if (known !== undefined) return known;
    // 0 is the tag of every job.
    const tag = Math.max(1, createHash("sha256").update(text).digest().readUIntBE(0, tagBytes));
    cache.set(text, tag);
    return tag;
  }
  const tagsOf = ({ labels, operations }: Pick<JobRow, "labels" | "operations">, retryable: boolean) => [
    ...new Set([
      ...labels.map((label) => tagOf(`label ${label}`)),
      ...operations.map((operation) => tagOf(`operation ${operation}`)),
      ...(retryable ? [tagOf("retryable")] : []),
    ]),
  ];
  return {
    ofRow(row) {
      const tags = tagsOf(row, isRetryable(row));
      const bytes = Buffer.alloc(tags.length * tagBytes);
      for (const [at, tag] of tags.entries()) bytes.writeUIntBE(tag, at * tagBytes, tagBytes);
      return bytes;
    },
    ofQuery: (query) => tagsOf(query, query.isRetryable),
  };
}

/** Reads tags from the bytes of `JobTags.ofRow`. */
export function readTags(bytes: Uint8Array): number[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / tagBytes }, (_, at) => buffer.readUIntBE(at * tagBytes, tagBytes));
}
