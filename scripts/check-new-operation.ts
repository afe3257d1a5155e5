/**
 * Checks that the compiler names every place that a new operation needs. Adds an operation to a copy of the tree: first to the contract
 * alone, then with a definition that lacks the range of its number. Fails where an expected file compiles without an error.
 * Run by `make check-deep`, or alone: node scripts/check-new-operation.ts
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const operations = "libs/pipeline/src/operations";

/** Places that the compiler names once the contract has another operation. */
const namedByContract = [
  `${operations}/operations.ts`,
  `${operations}/number-ranges.test.ts`,
  "libs/client/src/pipeline/pipeline.ts",
  "libs/pipeline-flags/src/operation-flags.ts",
  "test/support/direct-calls.ts",
];

/** Places that it names once the operation has a definition: its number's range, and the handler of its role. */
const namedByDefinition = [`${operations}/sharpen.ts`, "services/effects/src/server.ts"];

const copy = mkdtempSync(join(tmpdir(), "pixelmesh-new-operation-"));
try {
  copyTree();
  edit("proto/pixelmesh/pipeline/v1/pipeline.proto", (text) =>
    insertAfter(
      text,
      / {4}ApplyEffectsOperation apply_effects = \d+;\n/,
      "    SharpenOperation sharpen = 99;\n",
    ).concat("\nmessage SharpenOperation {\n  double amount = 1;\n}\n"),
  );
  execFileSync("bash", ["proto/generate.sh"], { cwd: copy, stdio: "inherit" });
  check("a new operation in the contract", namedByContract);

  writeFileSync(
    join(copy, operations, "sharpen.ts"),
    `import { defineOperation } from "./operation.ts";

export const sharpen = defineOperation({
  case: "sharpen",
  name: "sharpen",
  role: "effects",
  revision: 1,
  usesModel: false,
  catalogueList: undefined,
  addsAlpha: false,
  enlarges: false,
  numbers: {},
  inputs: () => [{ name: "picture" }],
  resultSize: (_, input) => input,
  expectedCost: { curve: { startMs: 10, msPerMegapixel: 60 } },
});
`,
  );
  edit(`${operations}/operations.ts`, (text) =>
    insertAfter(
      insertAfter(text, /import \{ prescale \} from .*\n/, 'import { sharpen } from "./sharpen.ts";\n'),
      /const definitions = \{\n/,
      "  sharpen,\n",
    ),
  );
  check("its definition", namedByDefinition);
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** Copies the sources and the links between packages. Other packages' files are linked. */
function copyTree(): void {
  const files = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((path) => /\.(ts|mts|json|proto|ya?ml|sh|mjs|cjs|binpb)$/.test(path) && existsSync(join(root, path)));
  for (const path of files) {
    mkdirSync(join(copy, dirname(path)), { recursive: true });
    cpSync(join(root, path), join(copy, path));
  }
  const folders = globSync(
    ["node_modules", "{proto,bench,deploy,eval,examples,helm}/node_modules", "{libs,services}/*/node_modules"],
    {
      cwd: root,
    },
  );
  for (const folder of folders) {
    // Links between packages are relative: copied, they lead into the copy.
    cpSync(join(root, folder), join(copy, folder), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !/node_modules\/\.(?!bin)/.test(source.slice(root.length)),
    });
  }
  symlinkSync(join(root, "node_modules/.pnpm"), join(copy, "node_modules/.pnpm"));
}

/** Compiles the copy and fails unless every expected file has an error. */
function check(what: string, expected: readonly string[]): void {
  const { stdout } = spawnSync("node_modules/.bin/tsc", ["-p", ".", "--noEmit"], { cwd: copy, encoding: "utf8" });
  // Errors about anything else are not of this check.
  const errors = stdout.split("\n").filter((line) => /^\S+\(\d+,\d+\): error .*(sharpen|amount)/i.test(line));
  const first = new Map<string, string>();
  for (const line of errors) {
    const path = line.slice(0, line.indexOf("("));
    if (!first.has(path)) first.set(path, line);
  }
  console.log(`With ${what} the compiler names ${first.size} files:`);
  for (const line of first.values()) console.log(`  ${line.slice(0, 240)}`);
  const missing = expected.filter((path) => !first.has(path));
  if (missing.length === 0) return;
  console.error(`Expected the compiler to name ${missing.join(", ")} as well`);
  process.exitCode = 1;
}

function edit(path: string, change: (text: string) => string): void {
  writeFileSync(join(copy, path), change(readFileSync(join(copy, path), "utf8")));
}

function insertAfter(text: string, pattern: RegExp, added: string): string {
  const found = pattern.exec(text);
  if (found === null) throw new Error(`Expected text like ${pattern.source}, got none`);
  const end = found.index + found[0].length;
  return `${text.slice(0, end)}${added}${text.slice(end)}`;
}
