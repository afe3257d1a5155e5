import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { fetchOutput } from "../api/jobs.ts";

/** A downloaded output: an object URL, or why it failed. */
export type FetchedOutput = { readonly url: string | undefined; readonly error: unknown };

/** Downloads an output of a job to show it, and frees it when it is no longer shown. Without a name it downloads none. */
export function useOutput(jobId: string, name: string | undefined): FetchedOutput {
  const url = useSignal<string | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  useEffect(() => {
    url.value = undefined;
    error.value = undefined;
    if (name === undefined) return undefined;
    const ending = new AbortController();
    let made: string | undefined;
    fetchOutput(jobId, name, ending.signal).then(
      (picture) => {
        if (ending.signal.aborted) return;
        made = URL.createObjectURL(picture);
        url.value = made;
      },
      (failure) => {
        if (!ending.signal.aborted) error.value = failure;
      },
    );
    return () => {
      ending.abort();
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [jobId, name]);
  return { url: url.value, error: error.value };
}
