import { expect, test } from "vitest";
import { createGrantTable } from "./grant-table.ts";

/** A connection that records what is sent to it. */
function createReceiver() {
  const ended = Promise.withResolvers<void>();
  const sent: object[] = [];
  return { sent, send: (message: object) => void sent.push(message), ended: ended.promise, end: ended.resolve };
}

test("a grant is sent to every attached process, and to one that is attached later until it expires", () => {
  let nowMs = 1_000;
  const table = createGrantTable(() => nowMs);
  const [first, second, third] = [createReceiver(), createReceiver(), createReceiver()];
  table.attach(first);
  table.renew("s", 100);
  const grant = { type: "grant", slotId: "s", validUntilMs: 1_100 };
  expect(first.sent).toEqual([grant]);
  nowMs = 1_099;
  table.attach(second);
  expect(second.sent).toEqual([grant]);
  nowMs = 1_100;
  table.attach(third);
  expect(third.sent).toEqual([]);
});

test("an ended grant is removed from every process", () => {
  const table = createGrantTable(() => 0);
  const [first, second] = [createReceiver(), createReceiver()];
  table.attach(first);
  table.renew("s", 100);
  table.end("s");
  table.attach(second);
  expect(first.sent.at(-1)).toEqual({ type: "endGrant", slotId: "s" });
  expect(second.sent).toEqual([]);
});

test("nothing is sent to a process that has ended", async () => {
  const table = createGrantTable(() => 0);
  const receiver = createReceiver();
  table.attach(receiver);
  receiver.end();
  await receiver.ended;
  await Promise.resolve();
  table.renew("s", 100);
  expect(receiver.sent).toEqual([]);
});
