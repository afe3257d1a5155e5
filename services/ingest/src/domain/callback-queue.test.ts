import { CallbackEntry, CallbackState } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createCallbackQueue } from "./callback-queue.ts";

const limits = { all: 8, perTenant: 4, perHost: 2 };

function entryOf(url: string, dueUnixMs: number, more: Partial<CallbackEntry> = {}): CallbackEntry {
  return CallbackEntry.fromPartial({
    tenant: "t",
    url,
    state: CallbackState.PENDING,
    nextAttemptUnixMs: dueUnixMs,
    endedUnixMs: dueUnixMs,
    ...more,
  });
}

test("the callback that is due longest comes first, and none before it is due", () => {
  const queue = createCallbackQueue(limits);
  queue.offer("a", entryOf("https://a.test/", 20), 1);
  queue.offer("b", entryOf("https://b.test/", 10), 2);
  queue.offer("c", entryOf("https://c.test/", 99), 3);
  expect(queue.nextDueUnixMs()).toBe(10);
  expect(queue.pending()).toEqual({ count: 3, oldestEndedUnixMs: 10 });
  expect([queue.takeDue(50)?.key, queue.takeDue(50)?.key, queue.takeDue(50)]).toEqual(["b", "a", undefined]);
  expect(queue.nextDueUnixMs()).toBe(99);
});

test("a receiver that does not answer holds two attempts, and a tenant four; others go on", () => {
  const queue = createCallbackQueue(limits);
  for (let at = 0; at < 10; at++) queue.offer(`dead${at}`, entryOf("https://dead.test/x", at), at + 1);
  queue.offer("live", entryOf("https://live.test/", 500), 20);
  expect([1, 2, 3].map(() => queue.takeDue(1_000)?.key)).toEqual(["dead0", "dead1", "live"]);
  for (let at = 0; at < 10; at++) queue.offer(`more${at}`, entryOf(`https://h${at}.test/`, 600 + at), 30 + at);
  expect([1, 2].map(() => queue.takeDue(1_000)?.key)).toEqual(["more0", undefined]);
  queue.offer("other", entryOf("https://other.test/", 900, { tenant: "u" }), 50);
  expect(queue.takeDue(1_000)?.key).toBe("other");
});

test("an older revision changes nothing, a finished callback is not taken, and a retried one is", () => {
  const queue = createCallbackQueue(limits);
  queue.offer("a", entryOf("https://a.test/", 10), 5);
  const taken = queue.takeDue(10);
  queue.offer("a", entryOf("https://a.test/", 0, { state: CallbackState.DELIVERED }), 6);
  if (taken) queue.end(taken);
  queue.offer("a", entryOf("https://a.test/", 10), 5);
  expect([queue.takeDue(100), queue.finished()]).toEqual([undefined, ["a"]]);
  queue.offer("a", entryOf("https://a.test/", 70), 7);
  expect(queue.takeDue(100)?.key).toBe("a");
  queue.remove("a");
  expect([queue.finished(), queue.pending().count]).toEqual([[], 0]);
});

test("in any order of events no bound is exceeded, no callback has two attempts at once, and each is delivered in the end", () => {
  const action = fc.record({ what: fc.constantFrom("offer", "take", "end", "lose"), id: fc.nat(19) });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
      const queue = createCallbackQueue(limits);
      const stored = new Map<string, { entry: CallbackEntry; revision: number }>();
      const running = new Map<string, NonNullable<ReturnType<typeof queue.takeDue>>>();
      let revision = 0;
      const offer = (id: number) => {
        const key = `k${id}`;
        if (stored.has(key)) return;
        stored.set(key, {
          entry: entryOf(`https://h${id % 3}.test/`, id, { tenant: `t${id % 2}` }),
          revision: ++revision,
        });
        queue.offer(key, stored.get(key)?.entry as CallbackEntry, revision);
      };
      const take = () => {
        const callback = queue.takeDue(1_000);
        if (!callback) return;
        expect(running.has(callback.key)).toBe(false);
        expect(stored.get(callback.key)?.entry.state).toBe(CallbackState.PENDING);
        running.set(callback.key, callback);
        const counts = (of: (callback: { tenant: string; host: string }) => string) =>
          Math.max(...Object.values(Object.groupBy(running.values(), of)).map((group) => group?.length ?? 0));
        expect(running.size).toBeLessThanOrEqual(limits.all);
        expect(counts(({ tenant }) => tenant)).toBeLessThanOrEqual(limits.perTenant);
        expect(counts(({ host }) => host)).toBeLessThanOrEqual(limits.perHost);
      };
      const end = (isStored: boolean) => {
        const [callback] = running.values();
        if (!callback) return;
        running.delete(callback.key);
        if (isStored) {
          const entry = { ...(stored.get(callback.key)?.entry as CallbackEntry), state: CallbackState.DELIVERED };
          stored.set(callback.key, { entry, revision: ++revision });
          queue.offer(callback.key, entry, revision);
        }
        queue.end(callback, isStored ? undefined : 500);
      };
      for (const { what, id } of actions) {
        if (what === "offer") offer(id);
        if (what === "take") take();
        if (what === "end") end(true);
        if (what === "lose") end(false);
      }
      for (let round = 0; round < 100; round++) {
        take();
        end(true);
      }
      expect([...stored.values()].every(({ entry }) => entry.state === CallbackState.DELIVERED)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
