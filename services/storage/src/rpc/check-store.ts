import { AppError } from "@pixelmesh/errors";
import { type CheckStoreRequest, type CheckStoreResponse, StoreFindingKind } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { CheckStore, FindingKind } from "../adapters/index/check-store.ts";

const kinds: Readonly<Record<FindingKind, StoreFindingKind>> = {
  "not-indexed": StoreFindingKind.NOT_INDEXED,
  "blob-missing": StoreFindingKind.BLOB_MISSING,
  "wrong-size": StoreFindingKind.WRONG_SIZE,
  corrupt: StoreFindingKind.CORRUPT,
  "removal-left": StoreFindingKind.REMOVAL_LEFT,
};

/** CheckStore: streams what differs between index and shared store, then a summary. Throws METHOD_UNIMPLEMENTED without a shared store. */
export function createCheckStoreRpc(check: CheckStore | undefined) {
  return async function* checkStore(
    { repair, verify }: CheckStoreRequest,
    { signal }: CallContext,
  ): AsyncGenerator<CheckStoreResponse, void, undefined> {
    if (check === undefined) throw noSharedStore();
    for await (const part of check({ repair, verify }, signal)) {
      if ("kind" in part) yield { part: { $case: "finding", value: { ...part, kind: kinds[part.kind] } } };
      else yield { part: { $case: "summary", value: part } };
    }
  };
}

function noSharedStore(): AppError {
  return new AppError(
    "METHOD_UNIMPLEMENTED",
    "This storage has no shared store to check: its directory is the only truth. PIXELMESH_STORAGE_COLD sets one",
  );
}
