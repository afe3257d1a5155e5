import { connectRpc } from "@pixelmesh/rpc";
import { expect, onTestFinished, test } from "vitest";
import { connectSchedulers } from "./scheduler-link.ts";

function connect(...addresses: string[]) {
  const link = connectSchedulers(addresses, connectRpc);
  onTestFinished(link.close);
  return link;
}

test("a grant with a term below the highest seen is not admitted (fencing)", () => {
  const link = connect("127.0.0.1:1");
  expect([3, 5, 4, 5, 6].map(link.admits)).toEqual([true, true, false, true, true]);
});

test("a failed scheduler is replaced by the next one in turn, once for several reports of the same failure", () => {
  const link = connect("127.0.0.1:1", "127.0.0.1:2");
  const first = link.current();
  let moves = 0;
  const stop = link.onMoved(() => (moves += 1));
  link.moveOn(first);
  link.moveOn(first);
  expect([link.address, moves]).toEqual(["127.0.0.1:2", 1]);
  stop();
  link.moveOn(link.current());
  expect([link.address, moves]).toEqual(["127.0.0.1:1", 1]);
});

test("at least one address is needed; a single scheduler is never replaced", () => {
  expect(() => connectSchedulers([], connectRpc)).toThrow(
    "Expected `PIXELMESH_SCHEDULER_ADDRESS` to be at least one address",
  );
  const link = connect("127.0.0.1:1");
  link.moveOn(link.current());
  expect(link.address).toBe("127.0.0.1:1");
});
