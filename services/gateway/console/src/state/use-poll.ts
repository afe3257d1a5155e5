import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { tenant, token } from "../api/access.ts";
import { pause } from "../api/watch-job.ts";

/** What a poll knows: the last value, and the error of the last try. */
export type Polled<T> = { readonly value: T | undefined; readonly error: unknown; readonly refresh: () => void };

/** A read that failed is tried again after this time, if the interval is not shorter. */
const retryMs = 3_000;

/**
 * Reads a value now and then every `intervalMs` while the page is visible, and again at once after `refresh` or if the caller's token or tenant changes. The last
 * value stays during an error.
 */
export function usePoll<T>(read: (signal: AbortSignal) => Promise<T>, intervalMs: number): Polled<T> {
  const value = useSignal<T | undefined>(undefined);
  const error = useSignal<unknown>(undefined);
  const round = useSignal(0);
  const reader = useRef(read);
  reader.current = read;
  useEffect(() => {
    const ending = new AbortController();
    void poll(ending.signal);
    return () => ending.abort();

    async function poll(signal: AbortSignal): Promise<void> {
      while (!signal.aborted) {
        if (!document.hidden || value.peek() === undefined) await readOnce(signal);
        const isFailing = error.peek() !== undefined;
        await pause(isFailing ? Math.min(intervalMs, retryMs) : intervalMs, signal).catch(() => undefined);
      }
    }

    async function readOnce(signal: AbortSignal): Promise<void> {
      try {
        const found = await reader.current(signal);
        if (signal.aborted) return;
        value.value = found;
        error.value = undefined;
      } catch (failure) {
        if (!signal.aborted) error.value = failure;
      }
    }
  }, [round.value, intervalMs, token.value, tenant.value]);
  return {
    value: value.value,
    error: error.value,
    refresh: () => {
      round.value += 1;
    },
  };
}
