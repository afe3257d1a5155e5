import { expect, test } from "vitest";
import { createLifecycle } from "./index.ts";

const quiet = { info() {}, error() {} };

test("close runs each step once, in reverse order, also after a failure", async () => {
  const closed: string[] = [];
  const life = createLifecycle(quiet);
  life.defer("first", () => closed.push("first"));
  life.defer("broken", () => {
    throw new Error("no");
  });
  life.defer("last", async () => closed.push("last"));
  const [one, two] = await Promise.all([life.close(), life.close()]);
  expect(closed).toEqual(["last", "first"]);
  expect(one).toBe(two);
  expect(one.failures).toEqual(["broken"]);
});

test("close does not wait for a step longer than its timeout", async () => {
  const closed: string[] = [];
  const life = createLifecycle(quiet);
  life.defer("first", () => closed.push("first"));
  life.defer("stuck", () => new Promise(() => {}), 20);
  const { failures } = await life.close();
  expect(failures).toEqual(["stuck"]);
  expect(closed).toEqual(["first"]);
});

test("the signal is aborted before the first step closes", async () => {
  const life = createLifecycle(quiet);
  let aborted = false;
  life.defer("step", () => {
    aborted = life.signal.aborted;
  });
  await life.close();
  expect(aborted).toBe(true);
});
