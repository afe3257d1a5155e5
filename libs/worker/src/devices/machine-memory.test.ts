import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readCgroup, readHostMemory } from "./machine-memory.ts";

test("the memory of this machine or container is read", () => {
  const memory = readHostMemory();
  expect(memory.totalBytes).toBeGreaterThan(64 * 2 ** 20);
  expect(memory.totalBytes).toBeLessThanOrEqual(totalmem());
  expect(memory.observedBytes).toBeGreaterThan(0);
  expect(memory.observedBytes).toBeLessThan(memory.totalBytes);
  expect(memory.cores).toBeGreaterThan(0);
});

test("the device id is stable", () => {
  expect(readHostMemory().deviceId).toBe(readHostMemory().deviceId);
});

test("observed memory of the machine is the total minus MemAvailable", () => {
  // Lines as of proc_meminfo(5), in KiB: 24 GiB of which 18 GiB are available.
  const root = makeRoot({
    "proc/meminfo": "MemTotal:       25165824 kB\nMemFree:         1048576 kB\nMemAvailable:   18874368 kB\n",
    "proc/sys/kernel/random/boot_id": "b007\n",
  });
  expect(readHostMemory({ root })).toMatchObject({
    deviceId: "host-b007",
    totalBytes: 24 * 2 ** 30,
    observedBytes: 6 * 2 ** 30,
  });
  expect(readHostMemory({ root, maxTotalBytes: 8 * 2 ** 30 })).toMatchObject({
    totalBytes: 8 * 2 ** 30,
    observedBytes: 6 * 2 ** 30,
  });
});

/** Creates a directory with these files; it is removed when the test ends. */
function makeRoot(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-root-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

/** The files of a process inside a container: its cgroup is mounted at the root, under the path `/`. */
const makeContainer = (maxBytes: string) =>
  makeRoot({
    "proc/self/cgroup": "0::/\n",
    "sys/fs/cgroup/memory.max": maxBytes,
    "sys/fs/cgroup/memory.current": "3000",
    "sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 1000\n",
  });

test("two containers of one machine are different devices, even if their cgroup paths are equal", () => {
  const roots = [makeContainer("1048576"), makeContainer("1048576")];
  const [first, second] = roots.map((root) => readCgroup(root));
  expect(first).toMatchObject({ maxBytes: 1048576, usedBytes: 2000 });
  expect(first?.id).not.toBe(second?.id);
  expect(readCgroup(roots[0])?.id).toBe(first?.id);
  expect(readCgroup(makeContainer("max"))).toBeUndefined();
});
