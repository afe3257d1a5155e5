import type { KubeObject } from "../../test/objects.ts";
import { createNamespace, restricted } from "../cluster.ts";
import { type KubeApi, KubeRefusal } from "../control-plane/kube-api.ts";
import { faultsIn } from "../faults.ts";
import { helm, renderedBy } from "./helm.ts";
import { prerequisitesOf, runtimeClassesOf } from "./prerequisites.ts";

/** Time that helm waits for pods, in its own notation. */
const timeout = ["--timeout", "120s"];

/** A release in a namespace of its own. Disposal deletes the namespace. */
export type Release = AsyncDisposable & {
  readonly namespace: string;
  readonly name: string;
  /** Upgrades with the former values and these flags. */
  upgrade(...flags: readonly string[]): Promise<void>;
  rollback(revision: number): Promise<void>;
  /** Runs the chart's test hooks. */
  test(): Promise<string>;
  uninstall(): Promise<void>;
  /** The objects that were rendered for the first installation. */
  readonly objects: readonly KubeObject[];
};

/** What is installed, and where. */
export type ReleaseOptions = {
  readonly chart: string;
  readonly namespace: string;
  readonly flags: readonly string[];
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
};

/**
 * Creates the namespace and what the profile's pods need from its owner (secrets, claims, RuntimeClasses), then runs `helm install --wait`.
 * Throws helm's error with the faults of the namespace.
 */
export async function installRelease(api: KubeApi, options: ReleaseOptions): Promise<Release> {
  const { chart, namespace, flags, name = "mesh", labels = restricted } = options;
  await using stack = new AsyncDisposableStack();
  stack.use(await createNamespace(api, namespace, labels));
  const place = ["--namespace", namespace];
  const objects = await renderedBy([name, chart, ...place, ...flags]);
  for (const { path, ...object } of prerequisitesOf(objects, namespace)) await api.create(path, object);
  for (const runtimeClass of runtimeClassesOf(objects)) await addRuntimeClass(api, runtimeClass);
  // helm only says that it has waited for too long.
  const change = async (...args: readonly string[]) => {
    await helm(...args, ...place, "--wait", ...timeout).catch(async (error: Error) => {
      throw new Error([error.message, ...(await faultsIn(api, namespace))].join("\n"));
    });
  };
  await change("install", name, chart, ...flags);
  const owned = stack.move();
  return {
    namespace,
    name,
    objects,
    upgrade: (...more) => change("upgrade", name, chart, "--reuse-values", ...more),
    rollback: (revision) => change("rollback", name, String(revision)),
    test: () => helm("test", name, ...place, ...timeout),
    uninstall: () => change("uninstall", name),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function addRuntimeClass(api: KubeApi, name: string): Promise<void> {
  const runtimeClass = { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata: { name }, handler: name };
  await api.create("/apis/node.k8s.io/v1/runtimeclasses", runtimeClass).catch((error) => {
    if (!(error instanceof KubeRefusal && error.status === 409)) throw error;
  });
}

/** The flags that select a profile of the chart's `ci` folder. */
export const profileFlags = (chart: string, profile: string): string[] => [
  "--values",
  `${chart}/ci/${profile}-values.yaml`,
];
