import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../../test/objects.ts";
import { findTool, scratchDir } from "../../test/render.ts";

const run = promisify(execFile);
const limitMs = 240_000;

/** Runs helm against the check's cluster. Throws with helm's error. Nothing of the user's own helm is read or changed. */
export async function helm(...args: readonly string[]): Promise<string> {
  const home = process.env.PIXELMESH_CLUSTER_DIR ?? scratchDir("helm-home");
  const env = {
    PATH: process.env.PATH,
    KUBECONFIG: process.env.KUBECONFIG,
    // Its cache of what the API server offers is below.
    HOME: home,
    HELM_CACHE_HOME: `${home}/helm-cache`,
    HELM_CONFIG_HOME: `${home}/helm-config`,
    HELM_DATA_HOME: `${home}/helm-data`,
  };
  try {
    const { stdout } = await run(findTool("helm") ?? "helm", args, { env, timeout: limitMs, maxBuffer: 64 * 2 ** 20 });
    return stdout;
  } catch (error) {
    const { stderr = "", message } = error as Error & { stderr?: string };
    throw new Error(`helm ${args.slice(0, 2).join(" ")}: ${stderr.trim() || message}`);
  }
}

/** Returns the objects that helm would install with these arguments of `helm install`, hooks included. */
export async function renderedBy(args: readonly string[]): Promise<KubeObject[]> {
  const text = await helm("template", ...args, "--kube-version", "1.37.0");
  return parseAllDocuments(text)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}
