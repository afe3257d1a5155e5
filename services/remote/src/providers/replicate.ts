import { AppError } from "@pixelmesh/errors";
import type { ManifestModel } from "../domain/manifest.ts";
import type { Provider, ProviderAnswer } from "../domain/provider.ts";
import type { PollPauses } from "./poll-pauses.ts";
import type { ProviderApi } from "./provider-api.ts";
import { blamesInput, findErrorText, providerFailure, toShownText } from "./provider-failure.ts";
import { findPrediction } from "./replicate-find.ts";
import { isPrediction, type ReplicatePrediction } from "./replicate-prediction.ts";
import { toJsonBody, toJsonInput } from "./request-body.ts";
import type { ReadSentFile } from "./same-input.ts";
import { waitForEnd } from "./wait-for-end.ts";

/** Longest time of one request, in milliseconds. A request to create holds the pictures. */
const [createMs, readMs] = [60_000, 30_000];
/** The least that `Cancel-After` takes. */
const leastCancelAfterS = 5;
/** Twice the longest timeout of a model. A longer time is no measurement, and would charge the tenant's budget with it. */
const maxComputeSeconds = 7_200;

/** Dependencies of `createReplicate`. */
export type ReplicateParts = {
  readonly random: () => number;
  readonly pauses: PollPauses;
  readonly readSentFile: ReadSentFile;
};

/**
 * Creates a provider that speaks Replicate's HTTP API: https://replicate.com/docs/reference/http. It never repeats a call that creates a prediction. The provider
 * itself cancels a prediction that is open after the model's timeout.
 */
export function createReplicate(api: ProviderApi, { random, pauses, readSentFile }: ReplicateParts): Provider {
  const { name } = api.provider;

  async function read(id: string, signal: AbortSignal): Promise<ReplicatePrediction> {
    const { json } = await api
      .call({ method: "GET", target: pathOf(id), timeoutMs: readMs, signal })
      .catch((error: unknown) => {
        if (error instanceof AppError && (error.metadata.status === "404" || error.metadata.status === "410"))
          throw ended(name, `does not know the prediction \`${shortId(id)}\` (any more)`, error);
        throw error;
      });
    if (!isPrediction(json))
      throw providerFailure("PROVIDER_FAILED", name, "answered with something else than a prediction");
    return json;
  }

  async function cancel(_: ManifestModel, id: string, signal: AbortSignal): Promise<void> {
    try {
      await api.call({ method: "POST", target: `${pathOf(id)}/cancel`, timeoutMs: readMs, signal });
    } catch (error) {
      // It has ended or is unknown.
      if (!(error instanceof AppError) || error.reason !== "PROVIDER_REFUSED") throw error;
    }
  }

  return {
    name,
    hasList: true,
    isIdempotent: () => false,
    async start(call, signal) {
      const { model } = call;
      const { json } = await api.call({
        method: "POST",
        target: "/predictions",
        headers: { "cancel-after": `${Math.max(leastCancelAfterS, Math.ceil(model.timeoutMs / 1_000))}s` },
        body: toJsonBody({ version: model.version, input: toJsonInput(call) }),
        timeoutMs: createMs,
        signal,
      });
      if (!isPrediction(json))
        throw providerFailure("PROVIDER_FAILED", name, "answered with something else than a prediction");
      return { kind: "prediction", id: json.id };
    },
    wait: (model, id, signal, onProgress) =>
      waitForEnd({
        provider: name,
        model,
        pauses,
        signal,
        random,
        cancel: (limit) => cancel(model, id, limit),
        async read(limit) {
          const prediction = await read(id, limit);
          const fraction = findProgress(prediction.logs);
          if (fraction !== undefined) onProgress(fraction);
          return toAnswer(name, prediction);
        },
      }),
    cancel,
    find: (call, sinceUnixMs, signal) => findPrediction({ api, read, readSentFile, call, sinceUnixMs, signal }),
  };
}

/** The answer of a prediction; undefined while it runs. Throws what it failed of. */
function toAnswer(name: string, prediction: ReplicatePrediction): ProviderAnswer | undefined {
  const { status, output, error, metrics, urls, data_removed: isRemoved } = prediction;
  if (status === "starting" || status === "processing") return undefined;
  if (status === "succeeded") {
    const streamed = typeof urls?.stream === "string" ? { url: urls.stream } : undefined;
    const result = output ?? streamed;
    if (result === undefined)
      throw ended(
        name,
        isRemoved ? "has removed the result of the prediction already" : "ended a prediction without an output",
      );
    const seconds = metrics?.predict_time;
    const isTime = typeof seconds === "number" && seconds >= 0 && seconds <= maxComputeSeconds;
    return { output: result, computeSeconds: isTime ? seconds : undefined };
  }
  if (status === "failed") {
    const said = toShownText(findErrorText(error) ?? "without a reason");
    const reason = blamesInput(said) ? "PROVIDER_REFUSED" : "PROVIDER_FAILED";
    throw providerFailure(reason, name, `failed to run the model: ${said}`, { hasEnded: true });
  }
  if (status === "canceled") throw ended(name, "cancelled the prediction, or it was cancelled there");
  if (status === "aborted") throw ended(name, "did not start the prediction within the timeout of the model");
  throw ended(name, `answered with the state \`${toShownText(String(status))}\`, which this release does not know`);
}

function ended(name: string, text: string, cause?: unknown): AppError {
  return providerFailure("PROVIDER_FAILED", name, text, { hasEnded: true, cause });
}

function pathOf(id: string): string {
  return `/predictions/${encodeURIComponent(id)}`;
}

function shortId(id: string): string {
  return toShownText(id.slice(0, 64));
}

/** The last percentage of a progress bar in the end of the logs, from 0 to 1. Models that iterate print them as tqdm does: ` 45%|████`. */
export function findProgress(logs: unknown): number | undefined {
  if (typeof logs !== "string") return undefined;
  const last = [...logs.slice(-4_096).matchAll(/(\d{1,3})%\s*\|/g)].at(-1);
  return last === undefined ? undefined : Math.min(1, Number(last[1]) / 100);
}
