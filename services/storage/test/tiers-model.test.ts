import { createHash } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { AppError } from "@pixelmesh/errors";
import fc from "fast-check";
import { expect, test } from "vitest";
import { digestOf, put, readAll } from "./open-test-store.ts";
import { mib, startTiers } from "./open-tiers.ts";

/** Content number n: reproducible bytes of a size between 1 byte and 1.2 MiB. */
function contentOf(n: number): Buffer {
  const block = createHash("sha256").update(`content ${n}`).digest();
  return Buffer.alloc(1 + ((n * 150_001) % 1_250_000), block);
}
const contents = Array.from({ length: 9 }, (_, n) => contentOf(n));

type Action = readonly [
  kind: "put" | "read" | "range" | "stat" | "delete" | "spoil" | "sweep",
  replica: 0 | 1,
  n: number,
];

const anyAction: fc.Arbitrary<Action> = fc.tuple(
  fc.constantFrom("put", "put", "read", "read", "read", "range", "stat", "delete", "spoil", "sweep"),
  fc.constantFrom(0, 1),
  fc.nat(contents.length - 1),
);

async function toOutcome(call: Promise<Buffer | boolean>): Promise<unknown> {
  try {
    const result = await call;
    return Buffer.isBuffer(result) ? digestOf(result) : result;
  } catch (error) {
    if (error instanceof AppError) return error.reason;
    throw error;
  }
}

test("two replicas on one shared store answer like one map from digests to bytes", async () => {
  const { openReplica } = await startTiers();
  // Small tiers, so that copies come and go all the time.
  const replicas = [
    await openReplica({ warmBytes: 3 * mib, hotBytes: 5 * mib }),
    await openReplica({ warmBytes: 2 * mib, hotBytes: 0 }),
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(anyAction, { minLength: 1, maxLength: 40 }), async (actions) => {
      const model = new Set<number>();
      // A copy of a removed blob may be read until the replica has heard of it: such reads are not compared.
      const removed = new Set<number>();
      for (const [kind, at, n] of actions) {
        const { store, warmPath } = replicas[at]!;
        const bytes = contents[n]!;
        const sha256 = digestOf(bytes);
        const known = <T>(answer: T) => (model.has(n) ? answer : "BLOB_NOT_FOUND");
        if (kind === "put") {
          const { existed } = await put(store, bytes);
          expect(existed).toBe(model.has(n));
          model.add(n);
          removed.delete(n);
        } else if (kind === "read" && !removed.has(n)) {
          expect(await toOutcome(readAll(store.open(sha256, 0, 0)))).toBe(known(sha256));
        } else if (kind === "range" && !removed.has(n)) {
          const from = Math.floor(bytes.length / 2);
          const expected = bytes.subarray(from, from + 1_000);
          const outcome = await toOutcome(readAll(store.open(sha256, from, 1_000)));
          expect(outcome).toBe(known(digestOf(expected)));
        } else if (kind === "stat") {
          const outcome = await toOutcome(
            store.stat(sha256, Date.now() + 60_000, { verify: n % 2 === 0 }).then(() => true),
          );
          expect(outcome).toBe(known(true));
        } else if (kind === "delete") {
          expect(await store.delete(sha256)).toBe(model.has(n));
          if (model.delete(n)) removed.add(n);
        } else if (kind === "spoil") {
          if (existsSync(warmPath(sha256))) writeFileSync(warmPath(sha256), "wrong");
        } else if (kind === "sweep") {
          await store.sweep();
        }
      }
      for (const replica of replicas) for (const bytes of contents) await replica.store.delete(digestOf(bytes));
    }),
    { numRuns: 25 },
  );
});
