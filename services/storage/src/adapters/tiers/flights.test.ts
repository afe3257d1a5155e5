import { expect, test } from "vitest";
import { createFlights } from "./flights.ts";

test("callers of one key share the work, callers of others do not, and later ones start anew", async () => {
  const flights = createFlights<number>();
  const gate = Promise.withResolvers<void>();
  let started = 0;
  const start = async () => {
    started += 1;
    const own = started;
    await gate.promise;
    return own;
  };
  const calls = [flights.join("a", start), flights.join("a", start), flights.join("b", start)];
  gate.resolve();
  expect(await Promise.all(calls)).toEqual([1, 1, 2]);
  expect(await flights.join("a", start)).toBe(3);
});

test("an aborted caller leaves alone; the work is aborted when the last one leaves", async () => {
  const flights = createFlights<string>();
  let signal: AbortSignal | undefined;
  const gate = Promise.withResolvers<string>();
  const start = (given: AbortSignal) => {
    signal = given;
    return gate.promise;
  };
  const [one, two] = [new AbortController(), new AbortController()];
  const first = flights.join("a", start, one.signal);
  const second = flights.join("a", start, two.signal);
  one.abort(new Error("first left"));
  await expect(first).rejects.toThrow("first left");
  expect(signal?.aborted).toBe(false);
  two.abort(new Error("second left"));
  await expect(second).rejects.toThrow("second left");
  expect(signal?.aborted).toBe(true);
  // The aborted work is not joined any more.
  expect(await flights.join("a", async () => "new")).toBe("new");
  gate.reject(new Error("no caller is left"));
});

test("all callers get the failure of the work", async () => {
  const flights = createFlights<never>();
  const start = async () => {
    throw new Error("failed");
  };
  const calls = [flights.join("a", start), flights.join("a", start)];
  for (const call of calls) await expect(call).rejects.toThrow("failed");
});
