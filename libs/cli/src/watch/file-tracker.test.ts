import fc from "fast-check";
import { expect, test } from "vitest";
import { createFileTracker, type Sight } from "./file-tracker.ts";

const written = (atMs: number, sizeBytes = 10): Sight => ({ sizeBytes, modifiedMs: atMs, changedMs: atMs });
const renamed = (writtenMs: number, atMs: number): Sight => ({ sizeBytes: 10, modifiedMs: writtenMs, changedMs: atMs });

/** A tracker whose first scan is over. */
function createScanned(settleMs = 1_000, maxFiles?: number) {
  const tracker = createFileTracker(settleMs, maxFiles);
  tracker.beginScan();
  tracker.endScan();
  return tracker;
}

test("a file is ready when it has not changed for the settle time, and rests until it changes", () => {
  const tracker = createScanned();
  tracker.see("a", written(0, 1), 0);
  expect([tracker.take(), tracker.nextDueMs(), tracker.due(999, 9), tracker.due(1_000, 9)]).toEqual([
    undefined,
    1_000,
    [],
    ["a"],
  ]);
  tracker.see("a", written(900, 2), 900);
  tracker.see("a", written(900, 2), 1_899);
  expect(tracker.take()).toBeUndefined();
  tracker.see("a", written(900, 2), 1_900);
  expect(tracker.take()).toEqual({ path: "a", sight: written(900, 2) });
  expect([tracker.take(), tracker.isIdle()]).toEqual([undefined, false]);
  tracker.end("a");
  tracker.see("a", written(900, 2), 5_000);
  expect([tracker.take(), tracker.isIdle()]).toEqual([undefined, true]);
  tracker.see("a", written(6_000, 2), 6_000);
  tracker.see("a", written(6_000, 2), 7_000);
  expect(tracker.take()?.path).toBe("a");
});

test("a file that is renamed into the folder is ready at once, one that the first scan finds is not", () => {
  const tracker = createFileTracker(1_000);
  tracker.beginScan();
  tracker.see("old", renamed(0, 5), 10);
  tracker.endScan();
  expect(tracker.take()).toBeUndefined();
  tracker.see("new", renamed(0, 5), 20);
  expect(tracker.take()?.path).toBe("new");
  tracker.end("new");
  // Another file in its place.
  tracker.see("new", renamed(15, 30), 40);
  expect(tracker.take()?.path).toBe("new");
  // A file that was seen while it was written settles, also if its writer sets its times at the end.
  tracker.see("slow", written(50), 50);
  tracker.see("slow", renamed(60, 61), 70);
  expect(tracker.take()).toBeUndefined();
});

test("a file that changes while it is processed settles anew, also where it is put back", () => {
  for (const how of ["end", "putBack"] as const) {
    const tracker = createScanned();
    tracker.see("a", renamed(0, 1), 0);
    tracker.take();
    tracker.see("a", written(500), 500);
    tracker[how]("a");
    expect(tracker.take()).toBeUndefined();
    tracker.see("a", written(500), 1_499);
    expect(tracker.take()).toBeUndefined();
    tracker.see("a", written(500), 1_500);
    expect(tracker.take()?.path).toBe("a");
  }
  const tracker = createScanned();
  tracker.see("a", renamed(0, 1), 0);
  tracker.take();
  tracker.putBack("a");
  expect(tracker.take()?.path).toBe("a");
});

test("files that a scan does not see are forgotten, those in work when they end", () => {
  const tracker = createScanned(0);
  for (const path of ["waiting", "taken"]) tracker.see(path, written(0), 0);
  expect(tracker.take()?.path).toBe("waiting");
  tracker.beginScan();
  tracker.see("other", written(0), 1);
  tracker.endScan();
  expect(tracker.counts()).toEqual({ known: 2, settling: 0, ready: 1, taken: 1 });
  tracker.end("waiting");
  expect(tracker.counts()).toEqual({ known: 1, settling: 0, ready: 1, taken: 0 });
});

test("no more files are known than the limit; a further one has its place when another is gone", () => {
  const tracker = createScanned(1_000, 2);
  expect(["a", "b", "c", "a"].map((path) => tracker.see(path, written(0), 0))).toEqual([true, true, false, true]);
  tracker.miss("a");
  expect(tracker.see("c", written(0), 0)).toBe(true);
});

type Act = { readonly kind: "write" | "look" | "miss" | "take" | "end" | "putBack" | "scan"; readonly path: string };

test("no file is taken twice for the same content, and every file that stays the same is taken once", () => {
  const act = fc.record<Act>({
    kind: fc.constantFrom("write", "look", "look", "miss", "take", "take", "end", "putBack", "scan"),
    path: fc.constantFrom("a", "b", "c"),
  });
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const tracker = createScanned();
      const disk = new Map<string, Sight>();
      const inWork = new Map<string, Sight>();
      /** The content that was processed last. */
      const processed = new Map<string, Sight>();
      let nowMs = 0;
      const look = (path: string) => {
        const sight = disk.get(path);
        if (sight) tracker.see(path, sight, nowMs);
        else tracker.miss(path);
        if (!sight && !inWork.has(path)) processed.delete(path);
      };
      const take = () => {
        const file = tracker.take();
        if (file === undefined) return;
        expect(inWork.has(file.path)).toBe(false);
        expect(processed.get(file.path)).not.toEqual(file.sight);
        inWork.set(file.path, file.sight);
      };
      const end = (path: string, isDone: boolean) => {
        const sight = inWork.get(path);
        if (!sight) return;
        inWork.delete(path);
        if (isDone) processed.set(path, sight);
        if (isDone) tracker.end(path);
        else tracker.putBack(path);
        if (!disk.has(path)) processed.delete(path);
        look(path);
      };
      for (const { kind, path } of acts) {
        nowMs += 400;
        if (kind === "write") disk.set(path, written(nowMs));
        if (kind === "miss") disk.delete(path);
        if (kind === "look" || kind === "write" || kind === "miss") look(path);
        if (kind === "take") take();
        if (kind === "end" || kind === "putBack") end(path, kind === "end");
        if (kind === "scan") {
          tracker.beginScan();
          for (const seen of disk.keys()) look(seen);
          tracker.endScan();
        }
      }
      for (const path of [...inWork.keys()]) end(path, true);
      for (let rounds = 0; rounds < 5; rounds += 1) {
        nowMs += 1_000;
        for (const path of disk.keys()) look(path);
        for (const _ of disk) take();
        for (const path of [...inWork.keys()]) end(path, true);
      }
      expect(tracker.isIdle()).toBe(true);
      expect(processed).toEqual(disk);
    }),
  );
});
