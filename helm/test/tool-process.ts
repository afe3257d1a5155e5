import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type KubeObject, ofKind } from "./objects.ts";

const cli = fileURLToPath(new URL("../../libs/cli/src/main.ts", import.meta.url));

/**
 * Runs the pod of `helm test` as a process with its rendered arguments and environment. Rewritten are the address (`address`), mount paths
 * (folders of the pod below `dir`), and the token, which a cluster reads from a secret. Returns the names of the pictures that it wrote.
 */
export async function runHelmTest(
  objects: readonly KubeObject[],
  { dir, address, token }: { readonly dir: string; readonly address: string; readonly token: string | undefined },
): Promise<string[]> {
  const [pod] = ofKind(objects, "Pod");
  const [container] = pod?.spec?.containers ?? [];
  const picture = ofKind(objects, "ConfigMap").find(({ metadata }) => metadata.name === pod?.metadata.name);
  const root = join(dir, "helm-test");
  const own = (path: string) => (path.startsWith("/") ? join(root, path) : path);
  for (const { mountPath } of container?.volumeMounts ?? []) mkdirSync(own(mountPath), { recursive: true });
  for (const [name, content] of Object.entries(picture?.binaryData ?? {}))
    writeFileSync(own(`/picture/${name}`), Buffer.from(content, "base64"));
  const env = (container?.env ?? []).map(({ name, value }): [string, string] => [
    name,
    value === undefined ? (token ?? "") : name === "PIXELMESH_ADDRESS" ? address : own(value),
  ]);
  const args = ["--conditions=development", "--disable-warning=ExperimentalWarning", cli];
  await promisify(execFile)(process.execPath, [...args, ...(container?.args ?? []).map(own)], {
    env: { PATH: process.env.PATH, ...Object.fromEntries(env) },
    timeout: 120_000,
  });
  return readdirSync(own("/tmp/out"));
}
