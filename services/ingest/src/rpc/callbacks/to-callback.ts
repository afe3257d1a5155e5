import { toPublicUrl } from "@pixelmesh/pipeline";
import { Callback, type CallbackEntry } from "@pixelmesh/proto";

/** Returns a callback as its owner sees it, with the address without its secret parts. */
export function toCallback(entry: CallbackEntry): Callback {
  const { jobId, url, state, attempts, endedUnixMs, nextAttemptUnixMs, deliveredUnixMs, lastStatus, lastError } = entry;
  const times = { endedUnixMs, nextAttemptUnixMs, deliveredUnixMs };
  return Callback.create({ jobId, url: toPublicUrl(url), state, attempts, ...times, lastStatus, lastError });
}
