import { JobEvent } from "@pixelmesh/proto";
import { withTrace } from "@pixelmesh/telemetry";
import { expect, test } from "vitest";
import { announceStart, openEventInbox, sendEvent } from "../src/index.ts";
import { startTestBus } from "./start-test-bus.ts";

const completed = (jobId: string) =>
  JobEvent.fromPartial({ jobId, stepId: "s", attempt: 1, event: { $case: "completed", value: {} } });
const started = JobEvent.fromPartial({ jobId: "a", stepId: "s", attempt: 1, event: { $case: "started", value: {} } });

test("an event is sent to one inbox, and its sender learns whether it was applied", async () => {
  const { bus, connectAnother } = await startTestBus();
  const other = await connectAnother();
  const applied: string[] = [];
  const inbox = openEventInbox(bus, {
    async apply({ jobId }) {
      if (jobId === "fails") throw new Error("not now");
      await new Promise((resolve) => setTimeout(resolve, 50));
      applied.push(jobId);
    },
    onStarted() {},
  });
  const second = openEventInbox(other, { apply: async () => {}, onStarted() {} });
  // The broker has the subscriptions then; without one a request is refused at once.
  await Promise.all([bus.nc.flush(), other.nc.flush()]);
  expect(inbox.subject).not.toBe(second.subject);
  expect(await withTrace(() => sendEvent(other, inbox.subject, completed("a")))).toBe(true);
  expect(applied).toEqual(["a"]);
  expect(await sendEvent(other, inbox.subject, completed("fails"))).toBe(false);
  const bytes = { garbage: new Uint8Array([0xff, 0xff]), empty: new Uint8Array(0) };
  for (const sent of Object.values(bytes)) {
    expect((await other.nc.request(inbox.subject, sent, { timeout: 2_000 })).string()).toBe("-ERR");
  }

  // An event in hand is applied before the inbox is closed; a later one has no answer.
  const last = sendEvent(other, inbox.subject, completed("b"));
  await other.nc.flush();
  await bus.nc.flush();
  await inbox.close();
  expect(applied).toEqual(["a", "b"]);
  expect(await last).toBe(true);
  expect(await sendEvent(other, inbox.subject, completed("c"))).toBe(false);
  await second.close();
});

test("every inbox learns of a start, and one that it is its own", async () => {
  const { bus, connectAnother } = await startTestBus();
  const other = await connectAnother();
  const seen: [string, boolean][] = [];
  const open = (on: typeof bus, name: string) =>
    openEventInbox(on, { apply: async () => {}, onStarted: (_, isOwn) => void seen.push([name, isOwn]) });
  const [first, second] = [open(bus, "first"), open(other, "second")];
  await Promise.all([bus.nc.flush(), other.nc.flush()]);
  await announceStart(other, first.subject, started);
  await expect
    .poll(() => seen.sort())
    .toEqual([
      ["first", true],
      ["second", false],
    ]);
  await Promise.all([first.close(), second.close()]);
});
