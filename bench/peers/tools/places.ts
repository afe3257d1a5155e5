import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const checkout = fileURLToPath(new URL("../../../", import.meta.url));

/** Directory that bench/peers/setup.sh installs into. */
export const peersDir = join(checkout, ".tools/peers");

/** Returns the path of a script of a peer. */
export function scriptPath(name: string): string {
  return join(checkout, "bench/peers/scripts", name);
}

/** Programs of the peers, by name, as paths below `peersDir`. */
const programs = {
  rembg: "rembg/bin/rembg",
  thumbor: "thumbor/bin/thumbor",
  celery: "celery/bin/celery",
  pillow: "celery/bin/python",
  ipx: "node/node_modules/.bin/ipx",
  sharp: "node/node_modules/sharp/package.json",
  bullmq: "node/node_modules/bullmq/package.json",
  redis: "redis/usr/bin/redis-server",
  govips: "govips/server",
} as const;

/** Name of an installable peer program. */
export type Program = keyof typeof programs;

/** Returns the path of a peer's program; undefined, with a loud line, if setup could not install it. */
export function findProgram(program: Program): string | undefined {
  const path = join(peersDir, programs[program]);
  // The stamp is written last, so a half-installed peer does not count.
  const stamp = join(peersDir, `${programs[program].split("/")[0]}.stamp`);
  if (existsSync(path) && existsSync(stamp)) return path;
  console.log(`  !!! SKIPPED: ${program} is not installed (${dirname(path)})`);
  return undefined;
}

/**
 * Environment of the peers. No peer may reach a network: models are given as files, so a proxy that does not exist makes a download fail at
 * once. Libraries of unpacked packages are found beside the programs.
 */
export function peerEnv(env: NodeJS.ProcessEnv = {}, libraries: readonly string[] = []): NodeJS.ProcessEnv {
  const proxy = "http://127.0.0.1:9";
  const loopback = "127.0.0.1,localhost";
  return {
    ...process.env,
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    NO_PROXY: loopback,
    no_proxy: loopback,
    ...(libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(":") }),
    ...env,
  };
}

/** Returns the library directories of the packages that were unpacked into a directory of `peersDir`. */
export function unpackedLibraries(root: string): string[] {
  const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
  const libraries = join(peersDir, root, `usr/lib/${arch}-linux-gnu`);
  return [libraries, join(libraries, "blas"), join(libraries, "lapack")];
}
