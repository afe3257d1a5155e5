import type { Env } from "@pixelmesh/config";
import { AppError, type Reason } from "@pixelmesh/errors";
import type { AvailableModel, ModelEntry } from "@pixelmesh/inference";
import { toArchivePath } from "./archives/fetch-package.ts";
import type { Progress } from "./download.ts";
import { publishFile } from "./durable.ts";
import { fetchSource } from "./fetch-source.ts";
import { createHttpClient, type HttpLimits } from "./http.ts";
import { removePart } from "./part.ts";
import { describeSource, toSources } from "./sources/source.ts";

/** Options of `fetchModel`. */
export type FetchOptions = {
  /** A file, a directory or an address to use instead of the sources of the entry. */
  readonly from?: string;
  /** Environment variables, for proxies and package registries. */
  readonly env: Env;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Receives messages for the user: waits, retries, restarts, other sources. */
  readonly onNote?: (text: string) => void;
  readonly httpLimits?: HttpLimits;
  readonly retryWaitMs?: number;
  /** Attempts in a row without progress at the last source. Default 5. */
  readonly idleAttempts?: number;
};

/** A model's file in its place. */
export type FetchedModel = Pick<AvailableModel, "path" | "sizeBytes" | "digest">;

/** Failures of one source. Another source may still have the file. */
const failuresOfSource: readonly Reason[] = [
  "MODEL_UNAVAILABLE",
  "SERVICE_UNAVAILABLE",
  "DIGEST_MISMATCH",
  "MODEL_INVALID",
];

/** What a failure advises where a source could not be reached. */
export const repeatAdvice = ". Repeat the command to go on";

/**
 * Fetches the file of a model from the first source that has it, checks it and gives it its name. Only the last source is tried again
 * after a failure. Throws the failure of an only source; of several, SERVICE_UNAVAILABLE if one could not be reached, else the reason of the last,
 * with the texts of all.
 */
export async function fetchModel(entry: ModelEntry, path: string, options: FetchOptions): Promise<FetchedModel> {
  const { env, from, signal, onProgress = () => {}, onNote = () => {}, retryWaitMs, idleAttempts = 5 } = options;
  const sources = toSources(entry, env, from);
  const partPath = `${path}.part`;
  const http = createHttpClient(env, options.httpLimits);
  const failures: AppError[] = [];
  try {
    for (const [index, source] of sources.entries()) {
      const next = sources[index + 1];
      const retry = {
        ...(retryWaitMs === undefined ? {} : { retryWaitMs }),
        idleAttempts: next === undefined ? idleAttempts : 1,
      };
      try {
        const file = await fetchSource(entry, source, partPath, { env, http, signal, onProgress, onNote, retry });
        await publishFile(partPath, path);
        // Another source may have left a part of its archive.
        await Promise.all([partPath, toArchivePath(partPath)].map(removePart));
        return { path, ...file };
      } catch (error) {
        if (!(error instanceof AppError) || !failuresOfSource.includes(error.reason)) throw error;
        failures.push(error);
        if (next !== undefined) onNote(`${error.message}; trying ${describeSource(next)}`);
      }
    }
  } finally {
    await http.close();
  }
  throw toOneFailure(entry, failures);
}

function toOneFailure({ name }: ModelEntry, failures: readonly AppError[]): AppError {
  const texts = failures.map(({ message }) => message).join("; ");
  const text = failures.length === 1 ? texts : `No source of \`${name}\` could be used: ${texts}`;
  const cause = failures.at(-1);
  if (failures.some(({ reason }) => reason === "SERVICE_UNAVAILABLE")) {
    return new AppError("SERVICE_UNAVAILABLE", `${text}${repeatAdvice}`, { cause });
  }
  return new AppError(cause?.reason ?? "MODEL_UNAVAILABLE", text, { cause });
}
