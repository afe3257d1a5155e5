import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import type { ManifestModel } from "../domain/manifest.ts";
import type { PollPauses } from "./poll-pauses.ts";
import { providerFailure } from "./provider-failure.ts";

/** A prediction that is waited for. */
export type WaitedPrediction<T> = {
  /** The provider's name. */
  readonly provider: string;
  readonly signal: AbortSignal;
  /** Its name is the key in the memory of times; its timeout bounds the wait. */
  readonly model: Pick<ManifestModel, "name" | "timeoutMs">;
  readonly pauses: PollPauses;
  /** From 0 to 1, for the jitter. */
  readonly random: () => number;
  /** Reads the prediction: its answer, or undefined while it runs. */
  read(signal: AbortSignal): Promise<T | undefined>;
  /** Cancels it at the provider. */
  cancel(signal: AbortSignal): Promise<void>;
};

/** Pauses after failed reads, with jitter from 50 to 150 %. */
const [failurePauseMs, growth] = [300, 1.5];
/** Reads that may fail one after the other. */
const maxFailures = 5;
const cancelMs = 5_000;

/**
 * Reads a prediction until it has ended: at once, then after the pauses of its model (`createPollPauses`). Reading costs nothing, so up to 5
 * failed reads in a row are repeated; a rate limit lengthens the pause. After `timeoutMs` it cancels the prediction and throws PROVIDER_FAILED.
 */
export async function waitForEnd<T>(waited: WaitedPrediction<T>): Promise<T> {
  const { provider, pauses, signal, random, read, cancel } = waited;
  const { name: model, timeoutMs } = waited.model;
  const limit = AbortSignal.timeout(timeoutMs);
  const both = AbortSignal.any([signal, limit]);
  const nextPauseMs = pauses.begin(model);
  const startMs = performance.now();
  let ranUntilMs: number | undefined;
  let failures = 0;
  try {
    for (;;) {
      let leastMs = 0;
      const readMs = performance.now() - startMs;
      try {
        const answer = await read(both);
        if (answer !== undefined) {
          // One that had ended before the first read says nothing of its time.
          if (ranUntilMs !== undefined) pauses.note(model, ranUntilMs, performance.now() - startMs);
          return answer;
        }
        ranUntilMs = readMs;
        failures = 0;
      } catch (error) {
        both.throwIfAborted();
        failures += 1;
        if (failures > maxFailures || !mayPass(error)) throw error;
        leastMs = Math.max(error.retryAfterMs ?? 0, failurePauseMs * growth ** failures * (0.5 + random()));
      }
      const pauseMs = Math.max(nextPauseMs(performance.now() - startMs), leastMs);
      await sleep(pauseMs, undefined, { signal: both });
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted) throw error;
    await cancel(AbortSignal.any([signal, AbortSignal.timeout(cancelMs)])).catch(() => signal.throwIfAborted());
    throw providerFailure(
      "PROVIDER_FAILED",
      provider,
      `did not finish within ${timeoutMs / 1_000} s, the timeout of the model`,
      {
        hasEnded: true,
        cause: error,
      },
    );
  }
}

function mayPass(error: unknown): error is AppError {
  if (!(error instanceof AppError) || error.metadata.prediction === "ended") return false;
  // A token file may be missing for a moment while it is replaced; the prediction goes on meanwhile.
  if (error.reason === "PROVIDER_BUSY" || error.reason === "PROVIDER_NOT_CONFIGURED") return true;
  return error.reason === "PROVIDER_FAILED" && error.metadata.status !== "401" && error.metadata.status !== "403";
}
