import { expect, test } from "vitest";
import type { HotUses } from "./hot-tier.ts";
import { refillHot } from "./refill-hot.ts";

const usesOf = (sha256: string, sizeBytes: number): HotUses => ({ sha256, sizeBytes, uses: 1, savedMs: 0 });

/** A memory of `budgetBytes`, and a store that copies to it; blobs named `gone` cannot be read. */
function createMemory(budgetBytes: number) {
  const copied: string[] = [];
  let freeBytes = budgetBytes;
  const sizes = new Map<string, number>();
  return {
    copied,
    expect: (uses: readonly HotUses[]) => {
      for (const { sha256, sizeBytes } of uses) sizes.set(sha256, sizeBytes);
    },
    hot: { has: (sha256: string) => copied.includes(sha256), hasSpace: (bytes: number) => bytes <= freeBytes },
    async promote(sha256: string) {
      if (sha256 === "gone") throw new Error("no such blob");
      const sizeBytes = sizes.get(sha256) ?? 0;
      copied.push(sha256);
      freeBytes -= sizeBytes;
      return { tier: "hot" as const, wasThere: false, sizeBytes };
    },
  };
}

test("copies go in the given order while they fit; one that is gone or too large is left out", async () => {
  const memory = createMemory(100);
  const uses = [usesOf("a", 60), usesOf("gone", 10), usesOf("b", 50), usesOf("c", 40), usesOf("d", 1)];
  memory.expect(uses);
  const { signal } = new AbortController();
  const copied = await refillHot({ ...memory, uses, isBusy: () => false, signal });
  expect(memory.copied).toEqual(["a", "c"]);
  expect(copied).toBe(2);
});

test("an aborted refill ends after the copy in progress", async () => {
  const memory = createMemory(1_000);
  const uses = Array.from({ length: 100 }, (_, n) => usesOf(String(n), 1));
  memory.expect(uses);
  const stopping = new AbortController();
  const promote: typeof memory.promote = async (sha256) => {
    if (sha256 === "3") stopping.abort();
    return await memory.promote(sha256);
  };
  await refillHot({ ...memory, promote, uses, isBusy: () => true, signal: stopping.signal });
  expect(memory.copied).toEqual(["0", "1", "2", "3"]);
});
