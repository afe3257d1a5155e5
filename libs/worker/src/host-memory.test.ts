import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readCgroup, readHostMemory } from "./host-memory.ts";

test("the memory of this machine or container is read as it is", () => {
  const memory = readHostMemory();
  expect(memory.totalBytes).toBeGreaterThan(64 * 2 ** 20);
  expect(memory.totalBytes).toBeLessThanOrEqual(totalmem());
  expect(memory.observedBytes).toBeGreaterThan(0);
  expect(memory.observedBytes).toBeLessThan(memory.totalBytes);
  expect(memory.cores).toBeGreaterThan(0);
});

test("all processes that share the memory name the same device", () => {
  expect(readHostMemory().deviceId).toBe(readHostMemory().deviceId);
});

test("memory that this process takes shows in what is observed", async () => {
  // Others on this machine may give gigabytes back meanwhile, for seconds: one look that shows it is enough.
  let grownBytes = 0;
  for (let look = 0; look < 20 && grownBytes <= 64 * 2 ** 20; look++) {
    if (look > 0) await new Promise((resolve) => setTimeout(resolve, 500));
    const before = readHostMemory().observedBytes;
    const held = Buffer.alloc(256 * 2 ** 20, 1);
    grownBytes = readHostMemory().observedBytes - before;
    expect(held.length).toBeGreaterThan(0);
  }
  expect(grownBytes).toBeGreaterThan(64 * 2 ** 20);
});

/** What a process sees in a container of its own: its cgroup at the root, under the path `/`. */
function makeContainer(maxBytes: string): string {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-cgroup-"));
  const files = { "memory.max": maxBytes, "memory.current": "3000", "memory.stat": "anon 1\ninactive_file 1000\n" };
  onTestFinished(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "proc/self"), { recursive: true });
  mkdirSync(join(root, "sys/fs/cgroup"), { recursive: true });
  writeFileSync(join(root, "proc/self/cgroup"), "0::/\n");
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, "sys/fs/cgroup", name), text);
  return root;
}

test("two containers of one machine have memory of their own, however alike their paths", () => {
  const roots = [makeContainer("1048576"), makeContainer("1048576")];
  const [first, second] = roots.map((root) => readCgroup(root));
  expect(first).toMatchObject({ maxBytes: 1048576, usedBytes: 2000 });
  expect(first?.id).not.toBe(second?.id);
  expect(readCgroup(roots[0])?.id).toBe(first?.id);
  expect(readCgroup(makeContainer("max"))).toBeUndefined();
});
