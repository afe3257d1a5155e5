import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { root } from "../pack/paths.ts";
import { command } from "./command.ts";
import type { NodeProject } from "./node-project.ts";

/** Checks the manifest, files and types of a packed package with publint and arethetypeswrong. Throws with their findings. */
export async function checkTarball(dir: string, tarball: string): Promise<void> {
  const manifest = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"));
  const { messages } = await publint({ pkgDir: dir, strict: true });
  if (messages.length > 0)
    throw new Error(`${tarball}:\n${messages.map((message) => formatMessage(message, manifest)).join("\n")}`);
  await command(join(root, "node_modules/.bin/attw"), [tarball, "--format", "ascii", "--no-color"], { cwd: dir });
}

/** How a program's compiler finds modules: as Node does, or as bundlers do. */
const resolutions = [
  { module: "nodenext", moduleResolution: "nodenext" },
  { module: "esnext", moduleResolution: "bundler" },
] as const;

const pages = [
  "libs/client/README.md",
  "docs/tutorials/first-client.md",
  "docs/how-to/use-a-client.md",
  "docs/how-to/run-batches.md",
];

/** Writes each TypeScript block of the pages about the SDK into a file of its own. */
function writeBlocks(dir: string): void {
  mkdirSync(dir);
  const blocks = pages.flatMap((page) => [
    ...readFileSync(join(root, page), "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm),
  ]);
  if (blocks.length < 5) throw new Error(`Expected at least 5 blocks of TypeScript in ${pages.join(", ")}`);
  for (const [at, [, block]] of blocks.entries()) writeFileSync(join(dir, `block-${at + 1}.ts`), `${block}`);
}

/** Type-checks examples and the code in docs against the installed package, and the declarations themselves, strictly. */
export async function checkTypes({ dir }: NodeProject): Promise<void> {
  writeBlocks(join(dir, "docs"));
  for (const resolution of resolutions) {
    const config = `tsconfig.${resolution.moduleResolution}.json`;
    const compilerOptions = {
      ...resolution,
      target: "es2023",
      lib: ["es2024"],
      types: ["node"],
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      allowImportingTsExtensions: true,
    };
    writeFileSync(join(dir, config), JSON.stringify({ compilerOptions, include: ["examples/*.ts", "docs/*.ts"] }));
    await command(join(root, "node_modules/.bin/tsc"), ["-p", config], { cwd: dir });
  }
}
