import { expected } from "@pixelmesh/errors";
import { type Callback, CallbackState, type ListCallbacksRequest, type ListCallbacksResponse } from "@pixelmesh/proto";
import type { CallbackStore } from "../../callbacks/callback-store.ts";
import { isJobId } from "../../domain/job-id.ts";
import { parsePageSize } from "../../domain/page.ts";
import { callTenant } from "../call-tenant.ts";
import { toCallback } from "./to-callback.ts";

const readAtOnce = 16;
/** Entries that are read for one page. A page with a state may be short and have a next one. */
const maxRead = 1_000;

/** ListCallbacks: returns a page of the callbacks of the tenant's jobs, the newest job first. The page token is the id of the last job. */
export function createListCallbacks(callbacks: Pick<CallbackStore, "list" | "find">) {
  return async ({ pageSize, pageToken, state }: ListCallbacksRequest): Promise<ListCallbacksResponse> => {
    const tenant = callTenant();
    const size = parsePageSize(pageSize);
    if (pageToken !== "" && !isJobId(pageToken))
      throw expected("page_token", "the next_page_token of an earlier answer", pageToken);
    const jobIds = (await callbacks.list(tenant)).filter((jobId) => pageToken === "" || jobId < pageToken);
    const found: Callback[] = [];
    let at = 0;
    while (at < Math.min(jobIds.length, maxRead) && found.length < size) {
      const group = jobIds.slice(at, at + Math.min(readAtOnce, size - found.length));
      at += group.length;
      const stored = await Promise.all(group.map((jobId) => callbacks.find({ tenant, jobId })));
      for (const callback of stored)
        if (callback && (state === CallbackState.UNSPECIFIED || callback.entry.state === state))
          found.push(toCallback(callback.entry));
    }
    return { callbacks: found, nextPageToken: at < jobIds.length ? (jobIds[at - 1] ?? "") : "" };
  };
}
