import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readProcessMemory } from "../src/supervisor/process-memory.ts";

test("the counted memory of a process is close to the sum over its pages", async () => {
  const filled = Array.from({ length: 64 }, () => Buffer.alloc(2 ** 20, 1));
  const counted = await readProcessMemory(process.pid);
  const pages = readFileSync("/proc/self/smaps_rollup", "utf8");
  const bytesOf = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(pages)?.[1]) * 1024;
  expect(filled).toHaveLength(64);
  // The process goes on between the two readings.
  const tolerance = 16 * 2 ** 20;
  expect(Math.abs((counted?.anonymousBytes ?? 0) - bytesOf("Anonymous"))).toBeLessThan(tolerance);
  expect(Math.abs((counted?.residentBytes ?? 0) - bytesOf("Rss"))).toBeLessThan(tolerance);
  expect(counted?.anonymousBytes).toBeGreaterThan(64 * 2 ** 20);
});

test("the memory of a process that does not exist is unknown", async () => {
  expect(await readProcessMemory(2 ** 30)).toBeNull();
});
