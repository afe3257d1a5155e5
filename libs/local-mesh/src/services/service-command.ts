import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AppError } from "@pixelmesh/errors";
import { nodeFlags } from "@pixelmesh/lifecycle";
import type { RoleName } from "@pixelmesh/roles";

/** The command that runs one service. */
export type ServiceCommand = readonly [file: string, ...args: readonly string[]];

const root = new URL("../../../../", import.meta.url);

/** The module to preload into a service so that it ends when its parent ends. */
export const parentWatch = new URL("../processes/parent-watch.ts", import.meta.url);

/** Throws SERVICE_UNAVAILABLE in a built command line, which comes without services. It is for meshes that run elsewhere. */
export function assertCheckout(): void {
  if (import.meta.url.endsWith(".ts")) return;
  const text =
    "Expected a checkout of Pixelmesh to start a mesh from; this is its command line alone: name a running mesh";
  throw new AppError("SERVICE_UNAVAILABLE", `${text} by --address`);
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

/** Returns the command of a service of this checkout: node, its flags, the main module. Throws as `assertCheckout` does. */
export function serviceCommand(
  name: RoleName,
  nodePath: string,
  options: { readonly preload?: URL; readonly args?: readonly string[] } = {},
): ServiceCommand {
  assertCheckout();
  const main = fileURLToPath(new URL(`services/${name}/src/main.ts`, root));
  const preload = options.preload ? ["--import", options.preload.href] : [];
  const flags = [
    `--max-old-space-size=${maxHeapMiB}`,
    `--heap-growing-percent=${heapGrowthPercent}`,
    ...nodeFlags(import.meta.url),
  ];
  return [nodePath, ...flags, ...preload, main, ...(options.args ?? [])];
}

/** Returns the directory of Node's compile cache, which makes the next start quicker. Undefined outside a checkout. */
export function compileCacheDir(): string | undefined {
  const modules = new URL("node_modules/", root);
  return existsSync(modules) ? fileURLToPath(new URL(".cache/pixelmesh", modules)) : undefined;
}
