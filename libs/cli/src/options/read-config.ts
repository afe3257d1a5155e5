import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { ConfigLine, Env } from "@pixelmesh/config";
import type { RoleName } from "@pixelmesh/roles";

/** A setting and the services that have it. */
export type Setting = ConfigLine & { readonly services: readonly RoleName[] };

const timeoutMs = 30_000;

/** Runs each service to print its settings in this environment. Resolves with each setting once, sorted by variable. */
export async function readConfig(names: readonly RoleName[], env: Env): Promise<readonly Setting[]> {
  const lists = await Promise.all(names.map(async (name) => ({ name, lines: await ask(name, env) })));
  const byVariable = new Map<string, Setting>();
  for (const { name, lines } of lists) {
    for (const line of lines) {
      const services = [...(byVariable.get(line.variable)?.services ?? []), name];
      byVariable.set(line.variable, { ...line, services });
    }
  }
  return [...byVariable.values()].sort((a, b) => (a.variable < b.variable ? -1 : 1));
}

async function ask(name: RoleName, env: Env): Promise<readonly ConfigLine[]> {
  const { compileCacheDir, serviceCommand } = await import("@pixelmesh/local-mesh");
  const [file, ...args] = serviceCommand(name, process.execPath, { args: ["--print-config"] });
  const options = {
    env: { NODE_COMPILE_CACHE: compileCacheDir(), ...env },
    timeout: timeoutMs,
    maxBuffer: 4 * 1024 * 1024,
  };
  const { stdout } = await promisify(execFile)(file, args, options);
  return JSON.parse(stdout) as ConfigLine[];
}
