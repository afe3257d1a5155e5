/** `make pack`: writes the packages that are installed outside of the checkout to out/packages: npm tarballs and a Python wheel. */
import { mkdirSync, rmSync, statSync } from "node:fs";
import { relative } from "node:path";
import { packCli } from "./pack/pack-cli.ts";
import { packClient } from "./pack/pack-client.ts";
import { packPython } from "./pack/pack-python.ts";
import { packagesDir, root } from "./pack/paths.ts";

rmSync(packagesDir, { recursive: true, force: true });
mkdirSync(packagesDir, { recursive: true });
for (const file of [await packClient(), packCli(), packPython()]) {
  if (file === undefined) continue;
  const kib = Math.round(statSync(file).size / 1024);
  console.log(`pack: ${relative(root, file)}  ${kib} KiB`);
}
