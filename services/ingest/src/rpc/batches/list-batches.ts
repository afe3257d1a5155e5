import { expected } from "@pixelmesh/errors";
import type { Batch, ListBatchesRequest, ListBatchesResponse } from "@pixelmesh/proto";
import type { BatchStore } from "../../batches/batch-store.ts";
import { toBatch } from "../../batches/batch-view.ts";
import { isBatchId } from "../../domain/batch-id.ts";
import { parsePageSize } from "../../domain/page.ts";
import { callTenant } from "../call-tenant.ts";

/** Batches that are read at once: a progress record may have some hundred KiB. */
const readAtOnce = 4;

/** ListBatches: returns a page of the tenant's batches, newest first. The page token is the id of the last batch. */
export function createListBatches(batches: Pick<BatchStore, "list" | "find">) {
  return async ({ pageSize, pageToken }: ListBatchesRequest): Promise<ListBatchesResponse> => {
    const tenant = callTenant();
    const size = parsePageSize(pageSize);
    if (pageToken !== "" && !isBatchId(pageToken))
      throw expected("page_token", "the next_page_token of an earlier answer", pageToken);
    const keys = (await batches.list(tenant))
      .filter(({ batchId }) => pageToken === "" || batchId < pageToken)
      .reverse();
    const found: Batch[] = [];
    let at = 0;
    while (at < keys.length && found.length < size) {
      const group = keys.slice(at, at + Math.min(readAtOnce, size - found.length));
      at += group.length;
      // A batch that is being created or removed is not found.
      const stored = await Promise.all(group.map((key) => batches.find(key)));
      for (const batch of stored) if (batch) found.push(toBatch(batch, Date.now()));
    }
    return { batches: found, nextPageToken: at < keys.length ? (keys[at - 1]?.batchId ?? "") : "" };
  };
}
