import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { tenant, token } from "../api/access.ts";
import type { Job } from "../api/types.ts";
import { type WatchState, watchJob } from "../api/watch-job.ts";

/** A job that is followed. */
export type FollowedJob = { readonly job: Job | undefined; readonly watch: WatchState; readonly error: unknown };

/**
 * Follows a job while the page is visible. A hidden page gives its connection back, because a browser opens six to one server for all of its tabs.
 * Undefined as id follows none.
 */
export function useJob(id: string | undefined, onJob?: (job: Job) => void): FollowedJob {
  const job = useSignal<Job | undefined>(undefined);
  const watch = useSignal<WatchState>("live");
  const error = useSignal<unknown>(undefined);
  useEffect(() => {
    job.value = undefined;
    error.value = undefined;
    if (id === undefined) return undefined;
    let running: AbortController | undefined;
    const follow = () => {
      running?.abort();
      running = undefined;
      if (document.hidden) return;
      const ending = new AbortController();
      running = ending;
      const seen = (now: Job) => {
        job.value = now;
        onJob?.(now);
      };
      watchJob(id, seen, (state) => (watch.value = state), ending.signal).catch((failure) => {
        if (!ending.signal.aborted) error.value = failure;
      });
    };
    document.addEventListener("visibilitychange", follow);
    follow();
    return () => {
      document.removeEventListener("visibilitychange", follow);
      running?.abort();
    };
  }, [id, token.value, tenant.value]);
  return { job: job.value, watch: watch.value, error: error.value };
}
