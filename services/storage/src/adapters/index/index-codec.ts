import { type BlobIndexEntry, BlobKind as BlobKinds } from "@pixelmesh/proto";
import type { BlobKind } from "../../domain/blob-kind.ts";
import type { IndexEntry } from "../../domain/index-entry.ts";

const kindNumbers: Readonly<Record<BlobKind, BlobKinds>> = {
  output: BlobKinds.OUTPUT,
  input: BlobKinds.INPUT,
  frame: BlobKinds.FRAME,
};

/** Converts an entry to its message in the bucket. */
export function toIndexMessage(entry: IndexEntry): BlobIndexEntry {
  return {
    sizeBytes: entry.sizeBytes,
    kind: kindNumbers[entry.kind],
    uses: entry.uses,
    lastUseUnixMs: Math.round(entry.lastUseMs),
    askedUntilUnixMs: Math.round(entry.askedUntilMs),
    pins: [...entry.pins].map(([jobId, untilMs]) => ({ jobId, untilUnixMs: Math.round(untilMs) })),
    removingSinceUnixMs: Math.round(entry.removingSinceMs),
    savedMs: entry.savedMs,
  };
}

/** Converts a message of the bucket. A kind of a later release counts as an output, which stays longest. */
export function fromIndexMessage(message: BlobIndexEntry): IndexEntry {
  const kind = message.kind === BlobKinds.FRAME ? "frame" : message.kind === BlobKinds.INPUT ? "input" : "output";
  return {
    sizeBytes: message.sizeBytes,
    kind,
    uses: message.uses,
    lastUseMs: message.lastUseUnixMs,
    askedUntilMs: message.askedUntilUnixMs,
    pins: new Map(message.pins.map(({ jobId, untilUnixMs }) => [jobId, untilUnixMs])),
    removingSinceMs: message.removingSinceUnixMs,
    savedMs: message.savedMs,
  };
}
