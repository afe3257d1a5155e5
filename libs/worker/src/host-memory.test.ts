import { totalmem } from "node:os";
import { expect, test } from "vitest";
import { readHostMemory } from "./host-memory.ts";

test("the memory of this machine or container is read as it is", () => {
  const memory = readHostMemory();
  expect(memory.totalBytes).toBeGreaterThan(64 * 2 ** 20);
  expect(memory.totalBytes).toBeLessThanOrEqual(totalmem());
  expect(memory.observedBytes).toBeGreaterThan(0);
  expect(memory.observedBytes).toBeLessThan(memory.totalBytes);
  expect(memory.cores).toBeGreaterThan(0);
});

test("a lower total can be set, a higher one not", () => {
  const { totalBytes } = readHostMemory();
  expect(readHostMemory(totalBytes / 2).totalBytes).toBe(totalBytes / 2);
  expect(readHostMemory(totalBytes * 2).totalBytes).toBe(totalBytes);
});

test("all processes that share the memory name the same device", () => {
  expect(readHostMemory().deviceId).toBe(readHostMemory().deviceId);
});

// Others give memory back meanwhile, sometimes more than is taken here.
test("memory that this process takes shows in what is observed", { retry: 3 }, () => {
  const before = readHostMemory().observedBytes;
  const held = Buffer.alloc(256 * 2 ** 20, 1);
  const after = readHostMemory().observedBytes;
  expect(held.length).toBeGreaterThan(0);
  // Others come and go on this machine meanwhile: half of what was taken must show.
  expect(after - before).toBeGreaterThan(64 * 2 ** 20);
});
