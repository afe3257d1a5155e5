import { ApiError, isAbortError, type Problem, toApiError } from "./api-error.ts";
import { readEvents, readText } from "./event-stream.ts";
import { request } from "./request.ts";
import type { Job } from "./types.ts";

/** How a watch stands: it is connected, or it connects again after a lost connection. */
export type WatchState = "live" | "reconnecting";

/** The gateway sends a comment every 15 s: a stream that is silent for longer has lost its connection. */
const maxSilenceMs = 45_000;
/** One stream at most; afterwards the watch connects again. */
const maxStreamMs = 6 * 3_600_000;
const firstPauseMs = 500;
const maxPauseMs = 10_000;

/**
 * Follows a job until it ends, and connects again after a lost connection, from the last event that it has seen. Throws ApiError if the gateway refuses
 * the watch, for example JOB_NOT_FOUND, and an AbortError if `signal` aborts.
 */
export async function watchJob(
  id: string,
  onJob: (job: Job) => void,
  onState: (state: WatchState) => void,
  signal: AbortSignal,
): Promise<void> {
  let lastEventId = "";
  let pauseMs = firstPauseMs;
  for (;;) {
    try {
      for await (const event of openEvents(id, lastEventId, signal)) {
        if (event === "open") {
          onState("live");
          continue;
        }
        if (event.id !== "") lastEventId = event.id;
        if (event.event === "end") return;
        if (event.event === "error") throw toApiError(JSON.parse(event.data) as Problem);
        if (event.event !== "job") continue;
        pauseMs = firstPauseMs;
        const job = JSON.parse(event.data) as Job;
        onJob(job);
        if (job.state !== "RUNNING") return;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!isTemporary(error)) throw error;
    }
    onState("reconnecting");
    await pause(pauseMs, signal);
    pauseMs = Math.min(maxPauseMs, pauseMs * 2);
  }
}

function isTemporary(error: unknown): boolean {
  if (error instanceof ApiError) return error.status === 0 || error.status === 429 || error.status >= 500;
  return isAbortError(error) || error instanceof TypeError;
}

async function* openEvents(id: string, lastEventId: string, signal: AbortSignal) {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), maxSilenceMs);
  try {
    const response = await request(`/v1/jobs/${encodeURIComponent(id)}/events`, {
      signal: AbortSignal.any([signal, silence.signal]),
      timeoutMs: maxStreamMs,
      headers: { accept: "text/event-stream", ...(lastEventId === "" ? {} : { "last-event-id": lastEventId }) },
    });
    yield "open" as const;
    // The answer to a watch of an ended job whose end was seen.
    if (response.status === 204) yield { event: "end", data: "", id: "" };
    if (response.body === null) return;
    const text = readText(response.body);
    async function* heard() {
      for await (const chunk of text) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), maxSilenceMs);
        yield chunk;
      }
    }
    yield* readEvents(heard());
  } finally {
    clearTimeout(timer);
  }
}

/** Waits, or throws an AbortError. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const end = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", end);
      resolve();
    }, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
