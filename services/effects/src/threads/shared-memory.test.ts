import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { createSharedMemory } from "./shared-memory.ts";

const takesAndGives = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 60 }), giveAt: fc.nat(9) }), {
  maxLength: 60,
});

test("memory that is taken never overlaps, lies in one buffer, and is refused only where no gap is large enough", () => {
  fc.assert(
    fc.property(takesAndGives, (actions) => {
      const maxBytes = 100;
      const shared = createSharedMemory(maxBytes);
      const taken: Uint8Array[] = [];
      const owners = new Array<number>(maxBytes).fill(-1);
      const buffers = new Set<unknown>();
      for (const [at, { bytes, giveAt }] of actions.entries()) {
        const memory = shared.take(bytes);
        const gaps = owners.map((owner) => (owner === -1 ? "." : "#")).join("");
        expect(memory === undefined).toBe(!gaps.includes(".".repeat(bytes)));
        if (memory) {
          buffers.add(memory.buffer);
          expect(memory.length).toBe(bytes);
          for (let i = memory.byteOffset; i < memory.byteOffset + bytes; i++) {
            expect(owners[i]).toBe(-1);
            owners[i] = at;
          }
          taken.push(memory);
        }
        const [given] = giveAt < taken.length ? taken.splice(giveAt, 1) : [];
        if (given) {
          shared.give(given);
          owners.fill(-1, given.byteOffset, given.byteOffset + given.length);
        }
      }
      expect(buffers.size).toBeLessThanOrEqual(1);
    }),
  );
});

test("after 10 s without use the same buffer is used again if it is still there", () => {
  vi.useFakeTimers();
  try {
    const shared = createSharedMemory(100);
    const first = shared.take(10) as Uint8Array;
    shared.give(first);
    vi.advanceTimersByTime(60_000);
    expect(shared.take(10)?.buffer).toBe(first.buffer);
  } finally {
    vi.useRealTimers();
  }
});
