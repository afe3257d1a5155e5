import type { KubeObject } from "../test/objects.ts";
import { connectKubeApi, type KubeApi } from "./control-plane/kube-api.ts";
import { waitUntil } from "./control-plane/start-program.ts";

/** The variables by which main.ts names its cluster to the tests. */
export type ClusterVariables = {
  readonly KUBECONFIG: string;
  readonly PIXELMESH_CLUSTER_DIR: string;
  readonly PIXELMESH_CLUSTER_URL: string;
  readonly PIXELMESH_CLUSTER_TOKEN: string;
  readonly PIXELMESH_CLUSTER_CA: string;
};

/** Connects a test with the cluster that main.ts started. Throws outside of `make check-kubernetes`. */
export function connectCluster(): KubeApi {
  const read = (name: keyof ClusterVariables) => {
    const value = process.env[name];
    if (!value) throw new Error(`Expected ${name}; these tests are run by: make check-kubernetes`);
    return value;
  };
  return connectKubeApi({
    url: read("PIXELMESH_CLUSTER_URL"),
    token: read("PIXELMESH_CLUSTER_TOKEN"),
    caFile: read("PIXELMESH_CLUSTER_CA"),
  });
}

/** The label by which the API server refuses pods that the Pod Security Standard `restricted` does not allow. */
export const restricted: Readonly<Record<string, string>> = { "pod-security.kubernetes.io/enforce": "restricted" };

/** Creates a namespace and waits for its default service account. Disposal deletes it, without waiting for the end. */
export async function createNamespace(
  api: KubeApi,
  name: string,
  labels: Readonly<Record<string, string>> = restricted,
): Promise<AsyncDisposable & { readonly name: string }> {
  await api.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
  const account = `/api/v1/namespaces/${name}/serviceaccounts/default`;
  await waitUntil(`the service account of ${name}`, async () => Boolean(await api.get(account)), { limitMs: 30_000 });
  return { name, [Symbol.asyncDispose]: () => api.remove(`/api/v1/namespaces/${name}`) };
}

type ResourceList = { resources: { name: string; kind: string; namespaced: boolean; verbs: string[] }[] };
type Groups = { groups: { preferredVersion: { groupVersion: string } }[] };

/** Kinds that the cluster itself writes about other objects. */
const derived = new Set(["Event", "Endpoints", "EndpointSlice", "ControllerRevision", "ReplicaSet"]);

/** Returns `Kind/name` of every object in a namespace, of all kinds that the API server knows. */
export const objectsIn = (api: KubeApi, namespace: string): Promise<string[]> =>
  listEverything(api, { namespaced: true, pathOf: (base, plural) => `${base}/namespaces/${namespace}/${plural}` });

/** Returns `Kind/name` of every object of a namespace's releases that belongs to no namespace itself, such as a PriorityClass. */
export const clusterObjects = (api: KubeApi, namespace: string): Promise<string[]> =>
  listEverything(api, {
    namespaced: false,
    pathOf: (base, plural) => `${base}/${plural}`,
    isWanted: ({ metadata }) => metadata.annotations?.["meta.helm.sh/release-namespace"] === namespace,
  });

async function listEverything(
  api: KubeApi,
  options: {
    readonly namespaced: boolean;
    pathOf(base: string, plural: string): string;
    isWanted?(object: KubeObject): boolean;
  },
): Promise<string[]> {
  const { groups } = await api.get<Groups>("/apis");
  const bases = ["/api/v1", ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
  const found = await Promise.all(
    bases.map(async (base) => {
      const { resources } = await api.get<ResourceList>(base);
      const kinds = resources.filter(
        ({ name, kind, namespaced, verbs }) =>
          namespaced === options.namespaced && !name.includes("/") && verbs.includes("list") && !derived.has(kind),
      );
      const lists = kinds.map(async ({ name, kind }) => {
        const items = await api.list<KubeObject>(options.pathOf(base, name));
        return items.filter(options.isWanted ?? (() => true)).map(({ metadata }) => `${kind}/${metadata.name}`);
      });
      return (await Promise.all(lists)).flat();
    }),
  );
  return found.flat().sort();
}
