import type { ServiceBase } from "@pixelmesh/service";
import { toCallbackEntry } from "../domain/callback-body.ts";
import type { StoredJob } from "../stores/job-store.ts";
import type { CallbackStore } from "./callback-store.ts";

/** Stores the callback of an ended job if it has one. Resolves to false if that failed. Idempotent. */
export type KeepCallback = (job: StoredJob) => Promise<boolean>;

/** Creates a `KeepCallback`. */
export function createKeepCallback(
  { log }: Pick<ServiceBase, "log">,
  callbacks: Pick<CallbackStore, "create">,
): KeepCallback {
  return async ({ spec, record }) => {
    if (spec.callbackUrl === "") return true;
    try {
      await callbacks.create(toCallbackEntry(spec, record, Date.now()));
      return true;
    } catch (err) {
      log.warn({ err, jobId: spec.jobId }, "callback not stored; the reconciler repeats it");
      return false;
    }
  };
}
