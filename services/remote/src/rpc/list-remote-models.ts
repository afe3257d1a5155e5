import type { ListRemoteModelsResponse, RemoteModel } from "@pixelmesh/proto";
import type { Manifest, ManifestModel } from "../domain/manifest.ts";
import type { Models } from "../steps/open-models.ts";

/** ListRemoteModels: the models of the manifest in its order, with what keeps each from being called now. */
export function createListRemoteModels(
  manifest: Manifest,
  { providers }: Pick<Models, "providers">,
  isRemoteAllowed: boolean,
): () => Promise<ListRemoteModelsResponse> {
  async function problemOf(name: string): Promise<string> {
    if (!isRemoteAllowed) return "the operator does not allow pictures to leave the mesh (PIXELMESH_REMOTE_ALLOWED)";
    const open = providers.get(name);
    const credentials = await open?.provider.credentialProblem();
    if (credentials !== undefined) return credentials;
    const { closedForMs = 0, closedWhy = "" } = open?.gate.read() ?? {};
    return closedForMs > 0 ? `closed for ${Math.ceil(closedForMs / 1_000)} s: ${closedWhy}` : "";
  }
  return async () => {
    const names = manifest.providers.map(({ name }) => name);
    const problems = new Map(await Promise.all(names.map(async (name) => [name, await problemOf(name)] as const)));
    return {
      models: manifest.models.map((model) => toRemoteModel(model, problems.get(model.provider) ?? "")),
      currency: manifest.currency,
    };
  };
}

function toRemoteModel(model: ManifestModel, unavailableReason: string): RemoteModel {
  const { name, provider, version, digest, workClass, parameters, description, licenceNote, timeoutMs } = model;
  return {
    name,
    provider,
    version,
    digest,
    workClass,
    parameters: [...parameters],
    description,
    licenceNote,
    timeoutMs,
    price: { ...model.price },
    capabilities: [...model.capabilities],
    available: unavailableReason === "",
    unavailableReason,
  };
}
