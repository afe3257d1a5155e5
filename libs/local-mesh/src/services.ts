import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { AppError } from "@pixelmesh/errors";
import { nodeFlags } from "@pixelmesh/lifecycle";
import type { RoleName } from "@pixelmesh/roles";

/** A command that runs one service. */
export type ServiceCommand = readonly [file: string, ...args: readonly string[]];

const root = new URL("../../../", import.meta.url);

/** SERVICE_UNAVAILABLE in a built command line, which comes alone: it serves meshes that run elsewhere. */
export function assertCheckout(): void {
  if (import.meta.url.endsWith(".ts")) return;
  const text =
    "Expected a checkout of Pixelmesh to start a mesh from; this is its command line alone: name a running mesh";
  throw new AppError("SERVICE_UNAVAILABLE", `${text} by --address`);
}

/**
 * JavaScript objects of one service, in MiB, buffers not counted: several times what any has been seen to need. A bound makes Node collect
 * garbage at 1.4 times what is in use instead of 4 times: a busy mesh takes a third to a half less memory, tiny jobs 2 % more time
 * (docs/performance.md). In containers Node takes its bound from theirs.
 */
const maxHeapMiB = 512;

/** Node's flags and the main module of a service of this checkout. Throws as `assertCheckout` does. */
export function serviceCommand(
  name: RoleName,
  nodePath: string,
  options: { readonly preload?: URL; readonly args?: readonly string[] } = {},
): ServiceCommand {
  assertCheckout();
  const main = fileURLToPath(new URL(`services/${name}/src/main.ts`, root));
  const preload = options.preload ? ["--import", options.preload.href] : [];
  const flags = [`--max-old-space-size=${maxHeapMiB}`, ...nodeFlags(import.meta.url)];
  return [nodePath, ...flags, ...preload, main, ...(options.args ?? [])];
}

/** Where processes of a mesh keep compiled modules from one start to the next; undefined outside a checkout. */
export function compileCacheDir(): string | undefined {
  const modules = new URL("node_modules/", root);
  return existsSync(modules) ? fileURLToPath(new URL(".cache/pixelmesh", modules)) : undefined;
}
