import fc from "fast-check";
import { expect, test } from "vitest";
import { createKeepValue, type KeepValue } from "./keep-value.ts";

const kib = 1024;
const halfLifeUses = 10;

/** The policy by its definition: the history of all uses is kept and searched whole for each question. */
function createSlowReference(maxEntries: number): KeepValue & { all(): Map<string, number> } {
  type Row = { key: string; at: number[]; ms: number; bytes: number };
  let rows: Row[] = [];
  let gone: Row[] = [];
  let now = 0;
  const guess = (bytes: number) => 50 + (400 * bytes) / 1_048_576;
  const toValue = ({ at, ms, bytes }: Pick<Row, "at" | "ms" | "bytes">) => {
    const weights = at.map((time) => 2 ** (time / halfLifeUses));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return Math.log2((sum * Math.sqrt(Math.max(1, ms))) / (bytes + 4_096));
  };
  const take = (from: Row[], key: string) => from.find((row) => row.key === key);
  const lowest = () => [...rows].sort((a, b) => toValue(a) - toValue(b))[0];
  const evict = (row: Row) => {
    rows = rows.filter((each) => each !== row);
    gone = [...gone, row].slice(-maxEntries);
  };
  return {
    all: () => new Map(rows.map((row) => [row.key, toValue(row)])),
    valueOf(key, bytes, ms) {
      return toValue(take(rows, key) ?? { at: [0], ms: ms || guess(bytes), bytes });
    },
    use(key, bytes, ms) {
      now += 1;
      const row = take(rows, key) ?? take(gone, key) ?? { key, at: [], ms: guess(bytes), bytes };
      rows = [...rows.filter((each) => each !== row), row];
      gone = gone.filter((each) => each !== row);
      row.at.push(now);
      row.ms = ms || row.ms;
      if (rows.length > maxEntries) evict(lowest() as Row);
    },
    evicted(key) {
      const row = take(rows, key);
      if (row !== undefined) evict(row);
    },
    forget(key) {
      rows = rows.filter((row) => row.key !== key);
      gone = gone.filter((row) => row.key !== key);
    },
    lowest: () => lowest()?.key,
  };
}

const keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
const sizeOf = (key: string) => (keys.indexOf(key) + 1) * 701;
const act = fc.record({
  kind: fc.constantFrom("use", "use", "use", "evictLowest", "evictAny", "forget"),
  key: fc.constantFrom(...keys),
  savedMs: fc.option(fc.integer({ min: 0, max: 1_000 }), { nil: undefined }),
});

test("values and the lowest blob are those of a slow reference, after any uses, evictions and removals", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(act, { maxLength: 120 }), (maxEntries, acts) => {
      const fast = createKeepValue({ maxEntries, halfLifeUses });
      const slow = createSlowReference(maxEntries);
      for (const { kind, key, savedMs } of acts) {
        const lowest = slow.lowest() ?? key;
        for (const values of [fast, slow]) {
          if (kind === "use") values.use(key, sizeOf(key), savedMs);
          else if (kind === "evictLowest") values.evicted(lowest);
          else if (kind === "evictAny") values.evicted(key);
          else values.forget(key);
        }
        expect(fast.lowest()).toBe(slow.lowest());
        for (const each of keys)
          for (const given of [undefined, 0, 777])
            expect(fast.valueOf(each, sizeOf(each), given)).toBeCloseTo(slow.valueOf(each, sizeOf(each), given), 9);
      }
    }),
  );
});

test("of two blobs the one that saves more time per byte stays", () => {
  const values = createKeepValue({ maxEntries: 10 });
  values.use("slow and small", 100 * kib, 900);
  values.use("quick and small", 100 * kib, 20);
  values.use("slow and large", 9_000 * kib, 900);
  expect(values.lowest()).toBe("slow and large");
  values.evicted("slow and large");
  expect(values.lowest()).toBe("quick and small");
});

test("each use raises the value of a blob, and a blob that is no longer used falls behind", () => {
  const values = createKeepValue({ maxEntries: 1_000, halfLifeUses: 100 });
  for (let n = 0; n < 5; n += 1) values.use("old", 10 * kib, 100);
  values.use("new", 10 * kib, 100);
  expect(values.valueOf("old", 10 * kib)).toBeGreaterThan(values.valueOf("new", 10 * kib));
  for (let n = 0; n < 400; n += 1) values.use("other", 10 * kib, 100);
  values.use("later", 10 * kib, 100);
  expect(values.valueOf("old", 10 * kib)).toBeLessThan(values.valueOf("later", 10 * kib));
});

test("a blob that comes back after its eviction has its uses, and none after it was forgotten", () => {
  const values = createKeepValue({ maxEntries: 10, halfLifeUses: 1e9 });
  for (const key of ["evicted", "forgotten"]) for (let n = 0; n < 7; n += 1) values.use(key, 10 * kib, 100);
  values.evicted("evicted");
  values.forget("forgotten");
  for (const key of ["evicted", "forgotten", "new"]) values.use(key, 10 * kib, 100);
  const [back, forgotten, fresh] = ["evicted", "forgotten", "new"].map((key) => values.valueOf(key, 10 * kib));
  expect((back as number) - (fresh as number)).toBeCloseTo(3, 5);
  expect(forgotten).toBeCloseTo(fresh as number, 5);
});

test("after a restart blobs without an entry are ordered by their size, below those in use", () => {
  const values = createKeepValue({ maxEntries: 10 });
  values.use("used", 50 * kib);
  values.use("used", 50 * kib);
  expect(values.valueOf("unknown large", 5_000 * kib)).toBeLessThan(values.valueOf("unknown small", 50 * kib));
  expect(values.valueOf("unknown small", 50 * kib)).toBeLessThan(values.valueOf("used", 50 * kib));
});

test("no more blobs are remembered than allowed: those of the highest values", () => {
  const values = createKeepValue({ maxEntries: 3 });
  for (let n = 1; n <= 50; n += 1) values.use(`blob ${n}`, n * kib, 100);
  const isKnown = (n: number) => {
    const unknown = createKeepValue({ maxEntries: 1 }).valueOf("", n * kib);
    return values.valueOf(`blob ${n}`, n * kib) !== unknown;
  };
  expect(Array.from({ length: 50 }, (_, n) => n + 1).filter(isKnown)).toEqual([1, 2, 3]);
});
