import type { Callback, RetryCallbackRequest } from "@pixelmesh/proto";
import type { CallbackStore } from "../../callbacks/callback-store.ts";
import { retryStored } from "../../callbacks/retry-stored.ts";
import { callTenant } from "../call-tenant.ts";
import { toCallback } from "./to-callback.ts";

/** RetryCallback: makes the callback of an ended job again, from its first attempt. The receiver gets the same id. */
export function createRetryCallback(callbacks: Pick<CallbackStore, "get" | "update">) {
  return async ({ jobId }: RetryCallbackRequest): Promise<Callback> =>
    toCallback(await retryStored(callbacks, { jobId, tenant: callTenant() }));
}
