import { expect, test } from "vitest";
import { createSideBySide } from "./side-by-side.ts";

/** Stores that end when the test says so. */
function open(limits: { maxCount: number; maxBytes: number }) {
  const failures: unknown[] = [];
  const stores = createSideBySide<string>(limits, (error) => failures.push(error));
  const begin = (name: string, sizeBytes: number) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    stores.begin(sizeBytes, () => promise);
    return { end: () => resolve(name), fail: reject };
  };
  const isFree = async () => {
    let free = false;
    void stores.turn().then(
      () => {
        free = true;
      },
      () => {},
    );
    await new Promise((resolve) => setImmediate(resolve));
    return free;
  };
  return { stores, begin, isFree, failures };
}

test("another store may begin below both bounds, and one above the bytes runs alone", async () => {
  const { begin, isFree } = open({ maxCount: 2, maxBytes: 100 });
  expect(await isFree()).toBe(true);
  const large = begin("large", 500);
  expect(await isFree()).toBe(false);
  large.end();
  expect(await isFree()).toBe(true);
  const first = begin("first", 10);
  expect(await isFree()).toBe(true);
  begin("second", 10);
  expect(await isFree()).toBe(false);
  first.end();
  expect(await isFree()).toBe(true);
});

test("results come in the order of the beginnings, and the first failure is thrown once", async () => {
  const { stores, begin, failures } = open({ maxCount: 9, maxBytes: 100 });
  const [a, b] = [begin("a", 1), begin("b", 1)];
  b.end();
  a.end();
  expect(await stores.all()).toEqual(["a", "b"]);
  const [c, d] = [begin("c", 1), begin("d", 1)];
  d.fail(new Error("first"));
  await expect.poll(() => failures.length).toBe(1);
  c.fail(new Error("second"));
  await expect(stores.all()).rejects.toThrow("first");
  await expect(stores.turn()).rejects.toThrow("first");
  await stores.settled();
  expect(failures).toHaveLength(1);
});
