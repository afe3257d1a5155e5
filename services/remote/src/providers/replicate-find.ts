import type { ProviderCall } from "../domain/provider.ts";
import type { ProviderApi } from "./provider-api.ts";
import { providerFailure } from "./provider-failure.ts";
import { isPrediction, type ReplicatePrediction } from "./replicate-prediction.ts";
import { toJsonInput } from "./request-body.ts";
import { isSameInput, type ReadSentFile } from "./same-input.ts";

/** What is searched for. */
export type SearchedPrediction = {
  readonly api: ProviderApi;
  read(id: string, signal: AbortSignal): Promise<ReplicatePrediction>;
  readonly readSentFile: ReadSentFile;
  readonly call: ProviderCall;
  readonly sinceUnixMs: number;
  readonly signal: AbortSignal;
};

/** Pages of 100 predictions. */
const maxPages = 5;
/** Listed predictions whose input is read one by one. */
const maxReads = 16;
const pageMs = 60_000;
/** How far the provider's clock may be behind. */
const clockSkewMs = 30_000;
/** What ended these predictions, a new one may not have. */
const fruitless: ReadonlySet<string> = new Set(["failed", "canceled", "aborted"]);

/**
 * Finds the newest prediction of the same version and the same input that has not failed, among those created after `sinceUnixMs`, in at most 5 pages of the list.
 * Undefined: there is none, so none was created. Throws PROVIDER_FAILED where the list cannot be read to its end.
 */
export async function findPrediction(searched: SearchedPrediction): Promise<string | undefined> {
  const { api, call, sinceUnixMs, signal } = searched;
  const earliestMs = sinceUnixMs - clockSkewMs;
  const isWanted = createMatch(searched);
  let target: string | undefined =
    `/predictions?created_after=${encodeURIComponent(new Date(earliestMs).toISOString())}`;
  for (let page = 0; page < maxPages; page += 1) {
    const { json } = await api.call({ method: "GET", target, timeoutMs: pageMs, signal });
    const { results, next } = (json ?? {}) as { results?: unknown; next?: unknown };
    if (!Array.isArray(results))
      throw providerFailure(
        "PROVIDER_FAILED",
        call.model.provider,
        "answered with something else than a list of predictions",
      );
    for (const each of results) {
      if (!isPrediction(each)) continue;
      // The list begins with the newest one.
      if (createdMs(each) < earliestMs) return undefined;
      if (await isWanted(each)) return each.id;
    }
    const following = typeof next === "string" ? URL.parse(next) : null;
    if (following === null) return undefined;
    // Only its query: the token goes to no address that an answer names.
    target = `/predictions${following.search}`;
  }
  throw providerFailure(
    "PROVIDER_FAILED",
    call.model.provider,
    `has created more than ${maxPages * 100} predictions since the call, and the call's one is not among them`,
  );
}

function createMatch({ call, read, readSentFile, signal }: SearchedPrediction) {
  const input = toJsonInput(call);
  let reads = 0;
  return async (listed: ReplicatePrediction): Promise<boolean> => {
    if (fruitless.has(listed.status) || !isOfVersion(call.model.version, listed)) return false;
    if (listed.input !== undefined) return isSameInput(input, listed.input, readSentFile, signal);
    reads += 1;
    if (reads > maxReads)
      throw providerFailure(
        "PROVIDER_FAILED",
        call.model.provider,
        `lists predictions without their inputs, and more than ${maxReads} may be the call's one`,
      );
    const whole = await read(listed.id, signal);
    return isSameInput(input, whole.input, readSentFile, signal);
  };
}

/** `owner/name:id` and `id` name a version, `owner/name` the current one of a model. */
function isOfVersion(wanted: string, { version, model }: ReplicatePrediction): boolean {
  const id = wanted.slice(wanted.indexOf(":") + 1);
  return version === id || (!wanted.includes(":") && model === wanted);
}

function createdMs({ created_at: createdAt }: ReplicatePrediction): number {
  const ms = typeof createdAt === "string" ? Date.parse(createdAt) : Number.NaN;
  return Number.isNaN(ms) ? Number.POSITIVE_INFINITY : ms;
}
