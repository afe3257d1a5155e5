import { AppError } from "@pixelmesh/errors";
import type { OpenProvider } from "../calls/call-parts.ts";
import type { Manifest, ManifestModel } from "../domain/manifest.ts";
import type { RemoteProvider } from "../providers/create-provider.ts";

/** A hosted model and its provider. */
export type OpenModel = { readonly model: ManifestModel; readonly provider: OpenProvider<RemoteProvider> };

/** The hosted models of the manifest, by name, and its providers. */
export type Models = {
  readonly models: ReadonlyMap<string, ManifestModel>;
  readonly providers: ReadonlyMap<string, OpenProvider<RemoteProvider>>;
};

/** Returns the models of a manifest with their opened providers. */
export function toModels(manifest: Manifest, providers: Models["providers"]): Models {
  return { models: new Map(manifest.models.map((model) => [model.name, model])), providers };
}

/** Returns a model. Throws UNKNOWN_MODEL: the manifest may have changed since the job was planned. */
export function openModel({ models, providers }: Models, name: string): OpenModel {
  const model = models.get(name);
  const provider = model && providers.get(model.provider);
  if (model && provider) return { model, provider };
  const known = [...models.keys()].join(", ");
  throw new AppError("UNKNOWN_MODEL", `Unknown hosted model \`${name.slice(0, 64)}\`; known: ${known}`);
}

/** Returns the id by which the scheduler knows a provider. */
export function toDeviceId(provider: string): string {
  return `provider/${provider}`;
}
