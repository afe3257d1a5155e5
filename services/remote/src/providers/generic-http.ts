import { AppError } from "@pixelmesh/errors";
import { sniffFormat } from "@pixelmesh/imaging";
import { readPointer } from "../domain/json-pointer.ts";
import type { HttpMapping, ManifestModel } from "../domain/manifest.ts";
import type { Provider, ProviderAnswer, ProviderCall } from "../domain/provider.ts";
import type { PollPauses } from "./poll-pauses.ts";
import type { ApiAnswer, ProviderApi } from "./provider-api.ts";
import { blamesInput, findErrorText, providerFailure, toShownText } from "./provider-failure.ts";
import { toFormBody, toJsonBody, toJsonInput } from "./request-body.ts";
import { waitForEnd } from "./wait-for-end.ts";

const requestMs = 60_000;

/** Creates a provider whose calls are mapped by the manifest. Without `idPointer` the answer of the first call is the result. */
export function createGenericHttp(
  api: ProviderApi,
  { random, pauses }: { readonly random: () => number; readonly pauses: PollPauses },
): Provider {
  const { name } = api.provider;

  async function cancel(model: ManifestModel, id: string, signal: AbortSignal): Promise<void> {
    const { cancelPath, cancelMethod } = mappingOf(model);
    if (cancelPath === undefined) return;
    try {
      await api.call({ method: cancelMethod, target: withId(cancelPath, id), timeoutMs: requestMs, signal });
    } catch (error) {
      // It has ended or is unknown.
      if (!(error instanceof AppError) || error.reason !== "PROVIDER_REFUSED") throw error;
    }
  }

  return {
    name,
    hasList: false,
    isIdempotent: (model) => mappingOf(model).idempotencyHeader !== undefined,
    async start(call, signal) {
      const { createPath, idPointer, idempotencyHeader } = mappingOf(call.model);
      const answer = await api.call({
        method: "POST",
        target: createPath,
        headers: idempotencyHeader === undefined ? {} : { [idempotencyHeader.toLowerCase()]: call.callId },
        body: await toBody(call),
        timeoutMs: idPointer === undefined ? call.model.timeoutMs : requestMs,
        signal,
      });
      if (idPointer === undefined) return { kind: "answer", answer: toAnswer(name, call.model, answer) };
      const id = readPointer(answer.json, idPointer);
      if ((typeof id === "string" && /^[\x21-\x7e]{1,256}$/.test(id)) || Number.isSafeInteger(id))
        return { kind: "prediction", id: String(id) };
      throw providerFailure("PROVIDER_FAILED", name, `answered without an id at \`${idPointer}\``);
    },
    wait: (model, id, signal) =>
      waitForEnd({
        provider: name,
        model,
        pauses,
        signal,
        random,
        cancel: (limit) => cancel(model, id, limit),
        read: (limit) => read(api, model, id, limit),
      }),
    cancel,
    find: async () => undefined,
  };
}

/** Reads a prediction: its answer, or undefined while it runs. */
async function read(
  api: ProviderApi,
  model: ManifestModel,
  id: string,
  signal: AbortSignal,
): Promise<ProviderAnswer | undefined> {
  const { getPath = "", statusPointer = "", doneValues, failedValues, errorPointer } = mappingOf(model);
  const { name } = api.provider;
  const answer = await api
    .call({ method: "GET", target: withId(getPath, id), timeoutMs: requestMs, signal })
    .catch((error: unknown) => {
      if (!(error instanceof AppError) || error.reason !== "PROVIDER_REFUSED") throw error;
      throw providerFailure("PROVIDER_FAILED", name, `does not give the prediction (any more). ${error.message}`, {
        hasEnded: true,
        cause: error,
      });
    });
  const status = readPointer(answer.json, statusPointer);
  if (status === undefined)
    throw providerFailure("PROVIDER_FAILED", name, `answered without a state at \`${statusPointer}\``);
  if (doneValues.includes(String(status))) return toAnswer(name, model, answer);
  if (!failedValues.includes(String(status))) return undefined;
  const found = errorPointer === undefined ? undefined : findErrorText(readPointer(answer.json, errorPointer));
  const said = toShownText(found ?? `the state \`${String(status)}\``);
  const reason = blamesInput(said) ? "PROVIDER_REFUSED" : "PROVIDER_FAILED";
  throw providerFailure(reason, name, `failed to run the model: ${said}`, { hasEnded: true });
}

function toAnswer(name: string, model: ManifestModel, { json, bytes, mediaType }: ApiAnswer): ProviderAnswer {
  const { outputPointer } = mappingOf(model);
  if (bytes !== undefined && (outputPointer === "" || mediaType.startsWith("image/") || sniffFormat(bytes)))
    return { output: bytes, computeSeconds: undefined };
  const output = readPointer(json, outputPointer);
  if (output === undefined || output === null)
    throw providerFailure("PROVIDER_FAILED", name, `answered without a result${toPlace(outputPointer)}`, {
      hasEnded: true,
    });
  return { output, computeSeconds: undefined };
}

function toPlace(pointer: string): string {
  return pointer === "" ? "" : ` at \`${pointer}\``;
}

function toBody(call: ProviderCall) {
  return call.model.picture.as === "form_file" ? toFormBody(call, {}) : toJsonBody(toJsonInput(call));
}

function withId(path: string, id: string): string {
  return path.replaceAll("{{id}}", encodeURIComponent(id));
}

function mappingOf({ name, http }: ManifestModel): HttpMapping {
  if (http) return http;
  throw new AppError("INTERNAL", `The hosted model \`${name}\` has no mapping`);
}
