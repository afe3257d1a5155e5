import { AppError } from "@pixelmesh/errors";
import type { CallbackEntry } from "@pixelmesh/proto";
import { afterRetry } from "../domain/callback-schedule.ts";
import type { CallbackKey, CallbackStore } from "./callback-store.ts";

const maxRounds = 5;

/**
 * Makes a stored callback due now, from its first attempt, and returns its entry. Throws CALLBACK_NOT_FOUND, and BROKER_UNAVAILABLE if other writers
 * were first each time.
 */
export async function retryStored(
  callbacks: Pick<CallbackStore, "get" | "update">,
  key: CallbackKey,
): Promise<CallbackEntry> {
  for (let round = 0; round < maxRounds; round++) {
    const { entry, revision } = await callbacks.get(key);
    const again = afterRetry(entry, Date.now());
    if ((await callbacks.update(again, revision)) !== undefined) return again;
  }
  throw new AppError("BROKER_UNAVAILABLE", "The callback is being changed by others", { retryAfterMs: 1_000 });
}
