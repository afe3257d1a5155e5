import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { KubeObject } from "./objects.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Returns the package with the OpenAPI schemas of an API group, as validators and as types. */
function packageOf(apiVersion: string): string {
  if (apiVersion.startsWith("keda.sh/")) return `@kubernetes-models/keda/${apiVersion}`;
  if (apiVersion.startsWith("gateway.networking.k8s.io/")) return `@kubernetes-models/gateway-api/${apiVersion}`;
  if (apiVersion.startsWith("cert-manager.io/")) return `@kubernetes-models/cert-manager/${apiVersion}`;
  if (apiVersion.startsWith("monitoring.coreos.com/")) return `@kubernetes-models/prometheus-operator/${apiVersion}`;
  return `kubernetes-models/${apiVersion}`;
}

type Model = new (object: object) => { validate(): void };

/** Returns the faults that the schema finds: wrong types, wrong formats and missing fields. It does not find unknown fields. */
export async function schemaFaults(object: KubeObject): Promise<string[]> {
  const at = `${packageOf(object.apiVersion)}/${object.kind}`;
  const { [object.kind]: model } = (await import(at)) as Record<string, Model | undefined>;
  if (model === undefined) return [`no schema for ${object.kind} of ${object.apiVersion}`];
  try {
    new model(object).validate();
    return [];
  } catch (error) {
    return [`${object.kind} ${object.metadata.name}: ${(error as Error).message}`];
  }
}

/**
 * Returns the faults that the schemas' types find, above all unknown fields: each object becomes a literal of its type, and the
 * compiler refuses unknown properties of literals at any depth.
 */
export function typeFaults(objects: readonly KubeObject[]): string[] {
  const literals = objects.map(
    (object, at) =>
      `import type { I${object.kind} as T${at} } from "${packageOf(object.apiVersion)}/${object.kind}";\n` +
      `export const o${at}: T${at} = ${JSON.stringify(object, null, 1)};\n`,
  );
  // Inside this package, which has the schemas as dependencies.
  const dir = here(`../out/${process.pid}/`);
  mkdirSync(dir, { recursive: true });
  writeFileSync(`${dir}objects.ts`, literals.join("\n"));
  const options = {
    extends: here("../../tsconfig.base.json"),
    compilerOptions: { types: [], skipLibCheck: true },
    files: ["objects.ts"],
  };
  writeFileSync(`${dir}tsconfig.json`, JSON.stringify(options));
  try {
    execFileSync(here("../../node_modules/.bin/tsc"), ["-p", dir, "--pretty", "false"], { encoding: "utf8" });
    return [];
  } catch (error) {
    return String((error as { stdout: unknown }).stdout)
      .trim()
      .split("\n");
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
