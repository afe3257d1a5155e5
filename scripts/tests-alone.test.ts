import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findTestsAlone } from "./tests-alone.ts";

test("a test that changes its process, tests kernels or says so runs in a process of its own", () => {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-alone-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const files = {
    "a/src/environment.test.ts": 'vi.stubEnv("PIXELMESH_HOST", "::1");',
    "a/src/clock.test.ts": "vi.useFakeTimers();",
    "a/src/drawn.test.ts": 'import sharp from "sharp";',
    "a/src/marked.test.ts": "// @alone: counts open files",
    "a/src/threads.test.ts": "const threads = createChainThreads(1);",
    "a/src/kernels/sums.test.ts": "expect(sum(1, 2)).toBe(3);",
    "a/src/pure.test.ts": "expect(processes(1)).toBe(2);",
    "a/src/pure.ts": "process.env.HOME",
    "b/test/outside.test.ts": "vi.useFakeTimers();",
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  expect(findTestsAlone(root, ["*/src/**/*.test.ts"])).toEqual([
    "a/src/clock.test.ts",
    "a/src/drawn.test.ts",
    "a/src/environment.test.ts",
    "a/src/kernels/sums.test.ts",
    "a/src/marked.test.ts",
    "a/src/threads.test.ts",
  ]);
});
