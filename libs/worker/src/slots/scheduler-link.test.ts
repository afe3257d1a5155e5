import { connectRpc } from "@pixelmesh/rpc";
import { expect, onTestFinished, test } from "vitest";
import { connectSchedulers } from "./scheduler-link.ts";

function connect(...addresses: string[]) {
  const link = connectSchedulers(addresses, connectRpc);
  onTestFinished(link.close);
  return link;
}

test("grants of a term below the highest seen are not used", () => {
  const link = connect("127.0.0.1:1");
  expect([3, 5, 4, 5, 6].map(link.admits)).toEqual([true, true, false, true, true]);
});

test("who does not lead is left for the next, in turn, once however many find out", () => {
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

test("at least one address is needed, and with one there is nowhere else to go", () => {
  expect(() => connectSchedulers([], connectRpc)).toThrow(
    "Expected `PIXELMESH_SCHEDULER_ADDRESS` to be at least one address",
  );
  const link = connect("127.0.0.1:1");
  link.moveOn(link.current());
  expect(link.address).toBe("127.0.0.1:1");
});
