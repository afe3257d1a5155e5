import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { KubeObject } from "./objects.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The package that has the OpenAPI schemas of an API group, as validators and as types. */
function packageOf(apiVersion: string): string {
  if (apiVersion.startsWith("keda.sh/")) return `@kubernetes-models/keda/${apiVersion}`;
  if (apiVersion.startsWith("monitoring.coreos.com/")) return `@kubernetes-models/prometheus-operator/${apiVersion}`;
  return `kubernetes-models/${apiVersion}`;
}

type Model = new (object: object) => { validate(): void };

/** What Kubernetes' own schema finds wrong with a value's type, form or absence; empty where all is well. Unknown fields are not seen. */
export async function schemaFaults(object: KubeObject): Promise<string[]> {
  const at = `${packageOf(object.apiVersion)}/${object.kind}`;
  const { [object.kind]: model } = (await import(at)) as Record<string, Model | undefined>;
  if (model === undefined) return [`nobody knows a ${object.kind} of ${object.apiVersion}`];
  try {
    new model(object).validate();
    return [];
  } catch (error) {
    return [`${object.kind} ${object.metadata.name}: ${(error as Error).message}`];
  }
}

/**
 * What the schemas' types find wrong, unknown fields above all: each object becomes a literal of its type, and the compiler refuses
 * properties that a literal's type does not have, at any depth.
 */
export function typeFaults(objects: readonly KubeObject[]): string[] {
  const literals = objects.map(
    (object, at) =>
      `import type { I${object.kind} as T${at} } from "${packageOf(object.apiVersion)}/${object.kind}";\n` +
      `export const o${at}: T${at} = ${JSON.stringify(object, null, 1)};\n`,
  );
  // Inside the package, whose dependencies the schemas are.
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
  }
}
