import { expected } from "@pixelmesh/errors";
import { BlobKind as BlobKinds } from "@pixelmesh/proto";
import type { BlobKind } from "../domain/blob-kind.ts";

/** Parses the kind of a request; UNSPECIFIED is an output. Throws INVALID_ARGUMENT for an unknown number. */
export function parseKind(field: string, kind: BlobKinds): BlobKind {
  if (kind === BlobKinds.UNSPECIFIED || kind === BlobKinds.OUTPUT) return "output";
  if (kind === BlobKinds.INPUT) return "input";
  if (kind === BlobKinds.FRAME) return "frame";
  throw expected(field, "OUTPUT, INPUT or FRAME", kind);
}
