import { type Callback, CallbackState, type JobServiceDefinition } from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc/client";
import type { CallOptions } from "./call-options.ts";
import type { Cancellation } from "./cancellation.ts";
import { createRetriedCall } from "./retry.ts";

/** The callbacks of one tenant's jobs: the calls of their `callbackUrl` after their ends. */
export type Callbacks = {
  /** Iterates from the callback of the newest job on. Fetches pages as needed. */
  callbacks(options?: CallbacksOptions): AsyncGenerator<Callback>;
  /** Makes the callback of an ended job again, from its first attempt. Resolves to it. Throws CALLBACK_NOT_FOUND. */
  retryCallback(jobId: string, options?: CallOptions): Promise<Callback>;
};

/** Options of `Jobs.callbacks`. */
export type CallbacksOptions = CallOptions & {
  /** Default: all. */
  readonly state?: CallbackState;
  /** 1 to 200, default 50. */
  readonly pageSize?: number;
};

/** Creates the access to callbacks over one client. */
export function createCallbacks(
  rpc: RpcClient<JobServiceDefinition>,
  retryTimeoutMs: number,
  cancellation: Cancellation,
): Callbacks {
  const withRetries = createRetriedCall(cancellation, retryTimeoutMs);
  return {
    async *callbacks({ state = CallbackState.UNSPECIFIED, pageSize = 50, ...options } = {}) {
      let pageToken = "";
      do {
        const request = { state, pageSize, pageToken };
        const page = await withRetries(options, (call) => rpc.listCallbacks(request, call));
        for (const callback of page.callbacks) {
          yield callback;
          cancellation.check(options);
        }
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
    },
    retryCallback: (jobId, options = {}) => withRetries(options, (call) => rpc.retryCallback({ jobId }, call)),
  };
}
