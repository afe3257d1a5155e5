import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../src/paths.ts";

/** The tested properties of a service of a compose project. */
export type ComposeService = {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly args: unknown };
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly { readonly type: string; readonly source?: string; readonly target: string }[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly cpus?: number;
  readonly cpu_shares?: number | string;
  readonly deploy?: { readonly resources?: { readonly limits?: { readonly cpus?: string; readonly memory?: string } } };
  readonly ports?: readonly { readonly host_ip?: string; readonly published?: string }[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
};

/** A compose project, as compose's own loader merged and resolved it. */
export type ComposeProject = { readonly services: Readonly<Record<string, ComposeService>> };

const loader = join(root, ".tools/bin/compose-go");

/** Returns the command that loads compose files on this machine: docker's plugin, or its loader alone; `undefined` if there is none. */
export function composeLoader(): readonly string[] | undefined {
  if (spawnSync("docker", ["compose", "version"]).status === 0) return ["docker", "compose"];
  return existsSync(loader) ? [loader] : undefined;
}

/** Loads compose.yaml with overlays by name. Throws the errors of the loader. */
export function loadCompose(...overlays: readonly string[]): ComposeProject {
  const [file = "", ...first] = composeLoader() ?? [];
  const names = ["compose.yaml", ...overlays.map((name) => `compose/${name}.yaml`)];
  const args =
    first.length > 0
      ? [...first, ...names.flatMap((name) => ["-f", name]), "config", "--format", "json"]
      : ["-format", "json", ...names];
  const { status, stdout, stderr } = spawnSync(file, args, { cwd: join(root, "deploy"), encoding: "utf8" });
  if (status !== 0) throw new Error(`${names.join(" + ")}: ${stderr}${stdout}`);
  const project = JSON.parse(stdout) as ComposeProject;
  const services = Object.entries(project.services).map(([name, service]) => [
    name,
    { ...service, environment: toMap(service.environment ?? {}) },
  ]);
  return { services: Object.fromEntries(services) };
}

/** Converts an environment to a map. The loader gives a list of NAME=value, the plugin a map. */
function toMap(environment: Readonly<Record<string, string>> | readonly string[]): Record<string, string> {
  if (!Array.isArray(environment)) return { ...(environment as Record<string, string>) };
  return Object.fromEntries(environment.map((line: string) => line.split(/=(.*)/s).slice(0, 2)));
}
