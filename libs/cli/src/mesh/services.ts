import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The processes of a mesh, in the order of their ports. */
export const serviceNames = ["ingest", "scheduler", "storage", "upscale", "background", "effects"] as const;

/** Name of one process of a mesh, and of its folder in services/. */
export type ServiceName = (typeof serviceNames)[number];

/** How a mesh is drained: who takes work in stops first, who the others need stops last. */
export const stopOrder: readonly (readonly ServiceName[])[] = [
  ["ingest"],
  ["upscale", "background", "effects"],
  ["scheduler"],
  ["storage"],
];

/** A command that runs one service. */
export type ServiceCommand = readonly [file: string, ...args: readonly string[]];

const root = new URL("../../../../", import.meta.url);
const isSource = import.meta.url.endsWith(".ts");
const sourceFlags = ["--conditions=development", "--disable-warning=ExperimentalWarning"];

/** Node's flags and the main module of a service: TypeScript where this runs from sources, else the build. */
export function serviceCommand(
  name: ServiceName,
  nodePath: string,
  options: { readonly preload?: URL; readonly args?: readonly string[] } = {},
): ServiceCommand {
  const main = fileURLToPath(new URL(`services/${name}/${isSource ? "src/main.ts" : "dist/main.js"}`, root));
  const preload = options.preload ? ["--import", options.preload.href] : [];
  return [nodePath, ...(isSource ? sourceFlags : []), ...preload, main, ...(options.args ?? [])];
}

/** Where processes of a mesh keep compiled modules from one start to the next; undefined outside a checkout. */
export function compileCacheDir(): string | undefined {
  const modules = new URL("node_modules/", root);
  return existsSync(modules) ? fileURLToPath(new URL(".cache/pixelmesh", modules)) : undefined;
}
