import { readFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { decodePicture } from "../decode/decode.ts";
import { defaultLimits } from "../limits.ts";
import { configureImaging, sharp } from "./engine.ts";
import { blockedLoaders, servedLoaders } from "./loaders.ts";

const picture = () => sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } });

/** Runs a module in a thread and resolves with its first message. */
function runThread(module: string): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const execArgv = ["--conditions=development", "--disable-warning=ExperimentalWarning"];
  const worker = new Worker(new URL(module, import.meta.url), { execArgv });
  worker
    .once("message", resolve)
    .once("error", reject)
    .once("exit", () => reject(new Error("The thread ended early")));
  return promise;
}

test("loading the engine in a thread fails no decode of another thread", async () => {
  const files = await Promise.all([
    picture().jpeg().toBuffer(),
    picture().png().toBuffer(),
    picture().webp().toBuffer(),
    picture().gif().toBuffer(),
    picture().tiff().toBuffer(),
  ]);
  const limits = { ...defaultLimits, allowTiff: true };
  let isImporting = true;
  const importing = Promise.all([1, 2].map(() => runThread("../../test/import-thread.ts"))).finally(() => {
    isImporting = false;
  });
  const failures: unknown[] = [];
  let decoded = 0;
  while (isImporting && failures.length === 0) {
    const results = await Promise.allSettled(files.map((file) => decodePicture(file, limits)));
    for (const result of results) if (result.status === "rejected") failures.push(result.reason);
    decoded += results.length;
  }
  expect(await importing).toEqual([1_000, 1_000]);
  expect(failures).toEqual([]);
  expect(decoded).toBeGreaterThan(100);
});

test("loading the engine in a thread keeps the process's number of libvips threads", async () => {
  configureImaging({ threads: 3 });
  expect(sharp.concurrency()).toBe(3);
  await runThread("../../test/import-thread.ts");
  expect(sharp.concurrency()).toBe(3);
  configureImaging({ threads: 1 });
});

test("every loader of the installed libvips is either used by us or blocked", () => {
  const names = loaderClasses();
  expect(names.length).toBeGreaterThan(20);
  const familyOf = (name: string) => name.replace(/(File|Buffer|Source)$/, "");
  const isBlocked = (name: string) => blockedLoaders.includes(name) || blockedLoaders.includes(familyOf(name));
  expect(names.filter((name) => !isBlocked(name)).sort()).toEqual([...servedLoaders].sort());
});

test("a loader that we do not use fails, from memory and from a file", async () => {
  const svg = Buffer.from("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>");
  for (const bytes of [svg, Buffer.from("P3 1 1 255 1 1 1\n"), Buffer.from("%PDF-1.7\n")]) {
    await expect(sharp(bytes).metadata()).rejects.toThrow("unsupported image format");
  }
});

/** Finds the names of the concrete loader classes in libvips' library: a class is registered by its name. */
function loaderClasses(): string[] {
  const library = process.report.getReport() as { sharedObjects?: string[] };
  const path = library.sharedObjects?.find((name) => name.includes("libvips-cpp"));
  if (path === undefined) throw new Error("The process has not loaded libvips");
  const found = readFileSync(path)
    .toString("latin1")
    .matchAll(/\0(VipsForeignLoad\w*(?:File|Buffer|Source))(?=\0)/g);
  return [...new Set([...found].map(([, name]) => name as string))];
}
