import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AppError } from "@pixelmesh/errors";
import { moduleBeside, nodeFlags } from "@pixelmesh/lifecycle";
import type { RoleName } from "@pixelmesh/roles";

/** The command that runs one service. */
export type ServiceCommand = readonly [file: string, ...args: readonly string[]];

const root = new URL("../../../../", import.meta.url);

/** The module to preload into a service so that it ends when its parent ends. */
export const parentWatch: URL = moduleBeside(import.meta.url, "../processes/parent-watch");

const isCheckout = import.meta.url.endsWith(".ts");

/** Returns the main module of a service: in a checkout its source, else the package beside this one. */
function mainOf(name: RoleName): string {
  const main = isCheckout
    ? new URL(`services/${name}/src/main.ts`, root)
    : new URL(`../../../${name}/dist/main.js`, import.meta.url);
  return fileURLToPath(main);
}

/** Throws SERVICE_UNAVAILABLE in a command line that comes without services, as its image does. It is for meshes that run elsewhere. */
export function assertServices(): void {
  if (isCheckout || existsSync(mainOf("ingest"))) return;
  const text = "Expected the services of Pixelmesh to start a mesh from; this is its command line alone";
  throw new AppError("SERVICE_UNAVAILABLE", `${text}: name a running mesh by --address`);
}

/** Throws SERVICE_UNAVAILABLE outside of a checkout, which alone has source files. */
export function assertCheckout(): void {
  if (!isCheckout)
    throw new AppError("SERVICE_UNAVAILABLE", "Expected a checkout of Pixelmesh, which alone has source files");
}

/**
 * Heap limit of one service in MiB, buffers not counted: several times the largest measured use. With a limit, Node collects
 * garbage at 1.4 times the used memory instead of 4 times. A busy mesh then takes a third to a half less memory, and tiny jobs take 2 %
 * more time (docs/explanation/performance.md). In containers, Node derives the limit from the container's.
 */
const maxHeapMiB = 512;

/**
 * How far a heap may grow after a full collection before the next one, in percent. V8 chooses 30 to 50 under a heap limit, and counts buffers
 * outside the heap, too: in a heap of 14 MiB a single decoded 4K picture caused a full collection (docs/adr/0082). From 400 on the bound of
 * 64 MiB that V8 has for such buffers alone is reached first.
 */
const heapGrowthPercent = 400;

/**
 * Returns the command of a service: node, its flags, the main module, arguments. `main` replaces the main module. Throws as `assertServices`
 * does.
 */
export function serviceCommand(
  name: RoleName,
  nodePath: string,
  options: { readonly preload?: URL; readonly main?: string; readonly args?: readonly string[] } = {},
): ServiceCommand {
  assertServices();
  const preload = options.preload ? ["--import", options.preload.href] : [];
  const flags = [
    `--max-old-space-size=${maxHeapMiB}`,
    `--heap-growing-percent=${heapGrowthPercent}`,
    ...nodeFlags(import.meta.url),
  ];
  return [nodePath, ...flags, ...preload, options.main ?? mainOf(name), ...(options.args ?? [])];
}

/** Returns the directory of Node's compile cache, which makes the next start quicker. Undefined outside a checkout. */
export function compileCacheDir(): string | undefined {
  const modules = new URL("node_modules/", root);
  return existsSync(modules) ? fileURLToPath(new URL(".cache/pixelmesh", modules)) : undefined;
}
