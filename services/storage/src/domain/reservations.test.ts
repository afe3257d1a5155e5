import fc from "fast-check";
import { expect, test } from "vitest";
import { createReservations } from "./reservations.ts";

const reservation = (jobId: string, bytes: number, key = "", untilMs = 1_000) => ({ jobId, key, bytes, untilMs });

test("stored bytes are taken from the job's reservation, and its end frees the rest", () => {
  const ledger = createReservations();
  ledger.grant(reservation("a", 100));
  expect(ledger.take("a", 30)).toBe(30);
  expect(ledger.openBytes).toBe(70);
  expect(ledger.take("a", 90)).toBe(70);
  expect(ledger.take("b", 10)).toBe(0);
  ledger.giveBack("a", 30);
  expect(ledger.openBytes).toBe(30);
  ledger.end("a");
  expect(ledger.openBytes).toBe(0);
});

test("jobs that store the same bytes share one reservation until the last one ends", () => {
  const ledger = createReservations();
  ledger.grant(reservation("a", 100, "same"));
  expect(ledger.extraBytes(reservation("b", 100, "same"))).toBe(0);
  ledger.grant(reservation("b", 100, "same"));
  expect(ledger.openBytes).toBe(100);
  ledger.take("a", 100);
  ledger.end("a");
  expect([ledger.openBytes, ledger.take("b", 5)]).toEqual([0, 0]);
  ledger.end("b");
  expect(ledger.extraBytes(reservation("c", 100, "same"))).toBe(100);
});

test("a repeat replaces a reservation, and a reservation whose job never ends expires", () => {
  const ledger = createReservations();
  ledger.grant(reservation("a", 100));
  ledger.grant(reservation("a", 100));
  expect(ledger.openBytes).toBe(100);
  ledger.grant(reservation("a", 40, "other"));
  expect(ledger.openBytes).toBe(40);
  ledger.prune(1_000);
  expect(ledger.openBytes).toBe(40);
  ledger.prune(1_001);
  expect(ledger.openBytes).toBe(0);
});

test("open bytes are the sum of all jobs' unused bytes, after any events in any order", () => {
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
        const known = model.get(job);
        if (kind === "grant") {
          ledger.grant(reservation(job, bytes));
          model.set(job, { bytes: Math.max(bytes, known?.bytes ?? 0), taken: known?.taken ?? 0 });
        } else if (kind === "take") {
          const taken = Math.min(bytes, known ? Math.max(0, known.bytes - known.taken) : 0);
          expect(ledger.take(job, bytes)).toBe(taken);
          if (known) known.taken += taken;
        } else if (kind === "giveBack") {
          ledger.giveBack(job, bytes);
          if (known) known.taken = Math.max(0, known.taken - bytes);
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
