import { globSync, readFileSync } from "node:fs";

/**
 * Words of a test that changes or measures its process: environment, clocks, modules, memory, threads, handlers; or that uses sharp itself,
 * of which the engine of libs/imaging blocks loaders in its process. Kernels keep memory for the next call. A test for another reason says
 * `// @alone` and why.
 */
const changesProcess =
  /@alone|\bvi\.(stub|use|spyOn|mock|doMock|hoisted|resetModules|set)|\bprocess\.(env|on|once|chdir|memoryUsage|resourceUsage|cpuUsage|exitCode)|\bglobalThis\b|\bglobal\.gc|\bsetFlags|\bsharp\.(block|cache|concurrency|simd)|[tT]hreads\(|\bnew Worker|\bstartTracing|\bfrom "(sharp|node:(child_process|v8|worker_threads))"/;
const keepsMemory = /(^|\/)kernels\//;

/**
 * Returns the test files of `include` (glob patterns from `root`) that each need a process of their own. The others run many to a
 * process, which saves 0.2 s of processor time a file.
 */
export function findTestsAlone(root: string, include: readonly string[]): string[] {
  return globSync([...include], { cwd: root, exclude: ["**/node_modules/**"] })
    .filter((file) => keepsMemory.test(file) || changesProcess.test(readFileSync(`${root}/${file}`, "utf8")))
    .sort();
}
