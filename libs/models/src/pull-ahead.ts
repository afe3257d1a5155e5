import type { Env } from "@pixelmesh/config";
import { AppError, isAbort, type Reason, toAppError } from "@pixelmesh/errors";
import { repeatAdvice } from "./fetch-model.ts";
import type { HttpLimits } from "./http.ts";
import { listModels } from "./list.ts";
import { type PullReport, pullModel } from "./pull.ts";

/** Options of `pullAhead`. */
export type PullAheadOptions = {
  readonly names: readonly string[];
  readonly dirs: readonly string[];
  /** Directory for the files; one of `dirs`. */
  readonly targetDir: string;
  readonly env: Env;
  /** For all of them together. */
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** Receives one line for each model that did not come. */
  readonly say: (line: string) => void;
};

/** Time limits of one source. They are short, so that the next source still has time when one does not answer. */
const shortWaits: HttpLimits = { connectMs: 3_000, responseMs: 5_000, stallMs: 5_000 };
const mistakes: readonly Reason[] = ["UNKNOWN_MODEL", "INVALID_ARGUMENT"];

/** Time that the recommended models get before a mesh starts, in ms. */
export const recommendedLimitMs = 10_000;

/** Returns the names of the models that are preferred for their task and scale, are not here, and can be pulled. */
export async function listRecommended(dirs: readonly string[], env: Env): Promise<readonly string[]> {
  const models = await listModels(dirs, env);
  return models.filter((it) => it.isPreferred && it.state === "missing" && it.downloadable).map(({ name }) => name);
}

/**
 * Pulls models before a mesh starts, without which it can start too: a source that fails is not tried again, and what does not come in time is left
 * out with one line. The next pull goes on with what was received. Throws UNKNOWN_MODEL and INVALID_ARGUMENT, and the signal's reason.
 */
export async function pullAhead(options: PullAheadOptions): Promise<readonly PullReport[]> {
  const { names, dirs, targetDir, env, limitMs, signal, say } = options;
  const limit = AbortSignal.timeout(limitMs);
  const reports: PullReport[] = [];
  for (const name of names) {
    const pull = { name, dirs, targetDir, env, signal: AbortSignal.any([signal, limit]) };
    try {
      reports.push(await pullModel({ ...pull, httpLimits: shortWaits, idleAttempts: 1 }));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AppError && mistakes.includes(error.reason)) throw error;
      const why = isAbort(error)
        ? `it did not come within ${limitMs / 1_000} s`
        : toAppError(error).message.replace(repeatAdvice, "");
      say(`starting without ${name}: ${why}`);
    }
  }
  return reports;
}
