import { expected } from "@pixelmesh/errors";
import { BlobKind as BlobKinds } from "@pixelmesh/proto";
import type { BlobKind } from "../domain/kind.ts";

/** The kind that a request names; none is an output. Throws INVALID_ARGUMENT for a number that this release does not know. */
export function toKind(field: string, kind: BlobKinds): BlobKind {
  if (kind === BlobKinds.UNSPECIFIED || kind === BlobKinds.OUTPUT) return "output";
  if (kind === BlobKinds.INPUT) return "input";
  if (kind === BlobKinds.FRAME) return "frame";
  throw expected(field, "OUTPUT, INPUT or FRAME", kind);
}
