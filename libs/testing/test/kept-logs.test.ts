import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Runs a separate test file with the project's configuration. */
function runTests(name: string, text: string) {
  const dir = mkdtempSync(join(root, "libs/testing/test/kept-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, `${name}.test.ts`);
  writeFileSync(file, text);
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { stdout, stderr } = spawnSync(process.execPath, [vitest, "run", "--project", "mesh", file], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, TMPDIR: dir },
  });
  const left = readdirSync(dir).filter((entry) => entry.startsWith("pixelmesh-test-"));
  return { output: stdout + stderr, left: left.map((entry) => join(dir, entry)) };
}

const meshThen = (last: string) => `
  import { startTestMesh } from "@pixelmesh/testing";
  import { expect, test } from "vitest";
  test("with a mesh", async () => {
    await using mesh = await startTestMesh({ services: ["ingest", "scheduler", "storage"] });
    expect(mesh.processes()).toHaveLength(3);
    ${last}
  });`;

test("a failing test keeps the logs of its mesh and prints their path", () => {
  const { output, left } = runTests("failing", meshThen("expect(1).toBe(2);"));
  expect(left).toHaveLength(1);
  expect(output).toContain(`"with a mesh" failed. The logs of its meshes:\n  ${left[0]}/logs`);
  expect(readdirSync(left[0]!)).toEqual(["logs"]);
  expect(existsSync(join(left[0]!, "logs", "ingest.log"))).toBe(true);
});

test("a passing test leaves no file", () => {
  expect(runTests("passing", meshThen(""))).toMatchObject({ left: [], output: expect.stringContaining("1 passed") });
});
