import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { KubeApi } from "../control-plane/kube-api.ts";
import { kubernetesDir } from "../control-plane/programs.ts";
import { waitUntil } from "../control-plane/start-program.ts";

const base = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

type Definition = {
  readonly kind?: string;
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};

/**
 * Creates the custom resource definitions of KEDA, the Gateway API and the Prometheus operator as their projects publish them, and waits
 * until they are served. Throws if they were not built.
 */
export async function addDefinitions(api: KubeApi): Promise<void> {
  const files = globSync(join(kubernetesDir, "crds/*/*.yaml"));
  if (files.length === 0)
    throw new Error(`Expected definitions in ${kubernetesDir}/crds; run: bash scripts/kubernetes/build.sh definitions`);
  const definitions = files
    .flatMap((file) => parseAllDocuments(readFileSync(file, "utf8")).map((it) => it.toJS() as Definition | null))
    .filter((it): it is Definition => it?.kind === "CustomResourceDefinition");
  for (const definition of definitions) await api.create(base, definition);
  const isServed = ({ status }: Definition) =>
    Boolean(status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True"));
  await waitUntil(
    "served custom resource definitions",
    async () => (await api.list<Definition>(base)).every(isServed),
    {
      limitMs: 60_000,
    },
  );
}
