import { AppError } from "@pixelmesh/errors";
import { ParameterType } from "@pixelmesh/proto";
import { parsePlaceholder } from "../domain/fill-input.ts";
import type { ManifestModel } from "../domain/manifest.ts";
import type { Provider } from "../domain/provider.ts";
import type { ProviderApi } from "./provider-api.ts";
import { providerFailure } from "./provider-failure.ts";
import { toFormBody, toJsonBody, toJsonInput } from "./request-body.ts";

/**
 * Creates a provider with image endpoints in the style of OpenAI: `/images/edits` as a form where the input has a picture, else `/images/generations` in JSON. Both
 * answer when the picture is done. There is no list and nothing to cancel: an aborted call ends its connection, and the provider may charge for it.
 */
export function createOpenai(api: ProviderApi): Provider {
  const { name } = api.provider;
  return {
    name,
    hasList: false,
    isIdempotent: () => false,
    async start(call, signal) {
      const { model } = call;
      const isEdit = hasPicture(model.input, model);
      const body = isEdit
        ? await toFormBody(call, { model: model.version })
        : toJsonBody({ model: model.version, ...(toJsonInput(call) as object) });
      const target = isEdit ? "/images/edits" : "/images/generations";
      const { json } = await api.call({ method: "POST", target, body, timeoutMs: model.timeoutMs, signal });
      const data = (json as { data?: unknown } | undefined)?.data;
      if (!Array.isArray(data))
        throw providerFailure(
          "PROVIDER_FAILED",
          name,
          "answered with something else than a list of pictures in `data`",
        );
      return { kind: "answer", answer: { output: data, computeSeconds: undefined } };
    },
    async wait() {
      throw new AppError("INTERNAL", `The provider \`${name}\` answers at once and has no predictions`, {
        metadata: { prediction: "ended" },
      });
    },
    async cancel() {},
    find: async () => undefined,
  };
}

/** Whether an input stands for a picture, also by a parameter of type input. */
function hasPicture(input: unknown, model: ManifestModel): boolean {
  if (typeof input === "object" && input !== null)
    return Object.values(input).some((member) => hasPicture(member, model));
  const placeholder = typeof input === "string" ? parsePlaceholder(input) : undefined;
  if (placeholder?.kind !== "parameter") return placeholder !== undefined;
  return model.parameters.some(({ name, type }) => name === placeholder.name && type === ParameterType.INPUT);
}
