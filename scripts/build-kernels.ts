/**
 * Compiles the WebAssembly kernels: each `kernels/NAME.ts` of a library or service, written in AssemblyScript, becomes
 * `src/kernels/NAME.wasm`, which is committed. Files whose name starts with `_` are only imported by others. `kernels/digests.json` records the
 * sources from which each module was built.
 *
 * node scripts/build-kernels.ts [FOLDER …]  compiles all, or those of packages such as services/effects, and writes modules and records
 * node scripts/build-kernels.ts --check     compiles all and compares; exits with 1 if a committed module differs
 * node scripts/build-kernels.ts --records   compares only the records with sources and modules; needs no compiler
 *
 * COMPILER is the path of asc.js. scripts/build-kernels.sh installs the pinned version and sets it.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";

const root = join(import.meta.dirname, "..");
/** Every module imports its memory as `env.memory`. Its first page, 64 KiB, is left to constants of the module. */
const flags = ["--runtime", "stub", "-O3", "--noAssert", "--enable", "simd", "--importMemory", "--memoryBase", "1024"];
const compilerVersion = readFileSync(join(import.meta.dirname, "assemblyscript-version"), "utf8").trim();

type Kernel = { readonly source: string; readonly wasm: string; readonly folder: string };
type DigestRecord = { readonly sources: string; readonly wasm: string };

const [mode, ...packages] = process.argv[2]?.startsWith("--")
  ? process.argv.slice(2)
  : ["--build", ...process.argv.slice(2)];
const kernels: readonly Kernel[] = globSync("{libs,services}/*/kernels/*.ts", { cwd: root })
  .filter((path) => !basename(path).startsWith("_"))
  .filter((path) => packages.length === 0 || packages.includes(dirname(dirname(path))))
  .sort()
  .map((source) => {
    const folder = dirname(source);
    return { source, folder, wasm: join(dirname(folder), "src/kernels", basename(source).replace(/\.ts$/, ".wasm")) };
  });

function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

/** Returns the digest of everything that decides a module: all sources of its folder, the flags, and the version of the compiler. */
function sourcesDigest({ folder, source }: Kernel): string {
  const paths = globSync("*.ts", { cwd: join(root, folder) }).sort();
  const imported = paths.filter((path) => path.startsWith("_") || path === basename(source));
  return digest(
    compilerVersion,
    flags.join(" "),
    ...imported.flatMap((path) => [path, readFileSync(join(root, folder, path))]),
  );
}

function compile({ source }: Kernel): Uint8Array {
  const compiler = process.env.COMPILER;
  if (!compiler) throw new Error("Expected COMPILER to be the path of asc.js; run: make kernels");
  const scratch = mkdtempSync(join(tmpdir(), "pixelmesh-kernels-"));
  try {
    const out = join(scratch, "out.wasm");
    execFileSync(process.execPath, [compiler, source, ...flags, "--outFile", out], { cwd: root, stdio: "inherit" });
    return readFileSync(out);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

const recordsPath = (folder: string) => join(root, folder, "digests.json");

function readRecords(folder: string): Record<string, DigestRecord> {
  return existsSync(recordsPath(folder)) ? JSON.parse(readFileSync(recordsPath(folder), "utf8")) : {};
}

function build(): void {
  const records = new Map<string, Record<string, DigestRecord>>();
  for (const kernel of kernels) {
    const bytes = compile(kernel);
    mkdirSync(dirname(join(root, kernel.wasm)), { recursive: true });
    writeFileSync(join(root, kernel.wasm), bytes);
    const ofFolder = records.get(kernel.folder) ?? {};
    ofFolder[basename(kernel.source)] = { sources: sourcesDigest(kernel), wasm: digest(bytes) };
    records.set(kernel.folder, ofFolder);
    console.log(`built ${kernel.wasm} (${bytes.length} bytes)`);
  }
  for (const [folder, ofFolder] of records)
    writeFileSync(recordsPath(folder), `${JSON.stringify(ofFolder, undefined, 2)}\n`);
}

/** Returns a line for each kernel whose committed module does not belong to its sources. */
function findStale(isBuilt: boolean): string[] {
  return kernels.flatMap((kernel) => {
    const record = readRecords(kernel.folder)[basename(kernel.source)];
    const path = join(root, kernel.wasm);
    if (!record || !existsSync(path)) return [`${kernel.source}: not built`];
    if (record.sources !== sourcesDigest(kernel)) return [`${kernel.source}: changed after ${kernel.wasm} was built`];
    if (record.wasm !== digest(readFileSync(path)))
      return [`${kernel.wasm}: is not the module of ${recordsPath(kernel.folder)}`];
    if (isBuilt && record.wasm !== digest(compile(kernel)))
      return [`${kernel.source}: builds another module than ${kernel.wasm}`];
    return [];
  });
}

if (mode === "--build") build();
else if (mode === "--check" || mode === "--records") {
  const stale = findStale(mode === "--check");
  for (const line of stale) console.error(line);
  if (stale.length > 0) console.error("Run: make kernels");
  console.log(`kernels: ${kernels.length - stale.length} of ${kernels.length} are current`);
  process.exit(stale.length > 0 ? 1 : 0);
} else throw new Error(`Expected no option, --check or --records, got ${mode}`);
