import fc from "fast-check";
import { expect, test } from "vitest";
import { createReservations } from "./reservations.ts";

const wish = (jobId: string, bytes: number, key = "", untilMs = 1_000) => ({ jobId, key, bytes, untilMs });

test("what a job stores comes out of what it reserved, and its end gives back the rest", () => {
  const ledger = createReservations();
  ledger.grant(wish("a", 100));
  expect(ledger.take("a", 30)).toBe(30);
  expect(ledger.openBytes).toBe(70);
  expect(ledger.take("a", 90)).toBe(70);
  expect(ledger.take("b", 10)).toBe(0);
  ledger.giveBack("a", 30);
  expect(ledger.openBytes).toBe(30);
  ledger.end("a");
  expect(ledger.openBytes).toBe(0);
});

test("jobs that store the same bytes share one reservation until the last of them has ended", () => {
  const ledger = createReservations();
  ledger.grant(wish("a", 100, "same"));
  expect(ledger.extraBytes(wish("b", 100, "same"))).toBe(0);
  ledger.grant(wish("b", 100, "same"));
  expect(ledger.openBytes).toBe(100);
  ledger.take("a", 100);
  ledger.end("a");
  expect([ledger.openBytes, ledger.take("b", 5)]).toEqual([0, 0]);
  ledger.end("b");
  expect(ledger.extraBytes(wish("c", 100, "same"))).toBe(100);
});

test("a repeat replaces a reservation, and one whose job never ends goes at its time", () => {
  const ledger = createReservations();
  ledger.grant(wish("a", 100));
  ledger.grant(wish("a", 100));
  expect(ledger.openBytes).toBe(100);
  ledger.grant(wish("a", 40, "other"));
  expect(ledger.openBytes).toBe(40);
  ledger.prune(1_000);
  expect(ledger.openBytes).toBe(40);
  ledger.prune(1_001);
  expect(ledger.openBytes).toBe(0);
});

test("the sum of what is open is that of every job's rest, whatever happens in whatever order", () => {
  const act = fc.record({
    kind: fc.constantFrom("grant", "take", "giveBack", "end"),
    job: fc.constantFrom("a", "b", "c"),
    bytes: fc.integer({ min: 0, max: 100 }),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 40 }), (acts) => {
      const ledger = createReservations();
      const model = new Map<string, { bytes: number; taken: number }>();
      for (const { kind, job, bytes } of acts) {
        const room = model.get(job);
        if (kind === "grant") {
          ledger.grant(wish(job, bytes));
          model.set(job, { bytes: Math.max(bytes, room?.bytes ?? 0), taken: room?.taken ?? 0 });
        } else if (kind === "take") {
          const taken = Math.min(bytes, room ? Math.max(0, room.bytes - room.taken) : 0);
          expect(ledger.take(job, bytes)).toBe(taken);
          if (room) room.taken += taken;
        } else if (kind === "giveBack") {
          ledger.giveBack(job, bytes);
          if (room) room.taken = Math.max(0, room.taken - bytes);
        } else {
          ledger.end(job);
          model.delete(job);
        }
        const open = [...model.values()].reduce((sum, each) => sum + Math.max(0, each.bytes - each.taken), 0);
        expect(ledger.openBytes).toBe(open);
      }
    }),
  );
});
