import fc from "fast-check";
import { expect, test } from "vitest";
import { defaultRules } from "../rules.ts";
import { createRequestQueue } from "./queue.ts";
import type { Priority, SlotRequest } from "./slot-request.ts";

const rules = { ...defaultRules, maxQueuedPerTenant: 3, maxQueued: 5, ageingMs: 100 };
const request = (priority: Priority, tenant = "t", workClass: SlotRequest["workClass"] = "light"): SlotRequest => ({
  service: "s",
  instance: "0",
  deviceIds: ["d"],
  jobId: "j",
  stepId: "s",
  tenant,
  workClass,
  priority,
  deadlineMs: Number.POSITIVE_INFINITY,
  options: [],
  modelDigest: "",
  hostId: "",
  resume: undefined,
});

test("interactive requests go before batch ones, each first come, first served, until a batch request has waited the ageing time longer", () => {
  const queue = createRequestQueue({ ...rules, maxQueuedPerTenant: 100, maxQueued: 100 });
  queue.add("b0", request("batch"), 0);
  queue.add("i50", request("interactive"), 50);
  queue.add("b60", request("batch"), 60);
  queue.add("i100", request("interactive"), 100);
  queue.add("i101", request("interactive"), 101);
  expect(queue.entries.map(({ callId }) => callId)).toEqual(["i50", "b0", "i100", "i101", "b60"]);
});

test("a queue is bounded per class over all tenants, and other classes are not affected", () => {
  const queue = createRequestQueue({ ...rules, maxQueued: 100, maxQueuedPerClass: 4 });
  for (let n = 0; n < 4; n += 1) {
    expect(queue.refusal(request("batch", `t${n}`))).toBeUndefined();
    queue.add(`c${n}`, request("batch", `t${n}`), n);
  }
  expect(queue.refusal(request("interactive", "new"))).toMatchObject({
    reason: "QUEUE_FULL",
    retryAfterMs: 1_000,
    metadata: { queue: "slots.light" },
  });
  expect(queue.refusal(request("interactive", "new", "heavy"))).toBeUndefined();
  queue.remove("c2");
  expect(queue.refusal(request("interactive", "new"))).toBeUndefined();
});

test("a queue is bounded per class and tenant, and in all", () => {
  const queue = createRequestQueue(rules);
  for (let n = 0; n < 3; n += 1) queue.add(`a${n}`, request("batch", "a"), n);
  expect(queue.refusal(request("batch", "a"))).toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: 1_000 });
  expect(queue.refusal(request("batch", "a", "heavy"))).toBeUndefined();
  expect(queue.refusal(request("batch", "b"))).toBeUndefined();
  for (let n = 0; n < 2; n += 1) queue.add(`b${n}`, request("batch", "b"), n);
  expect(queue.refusal(request("batch", "c"))).toMatchObject({ reason: "QUEUE_FULL" });
  expect(queue.remove("a0")?.callId).toBe("a0");
  expect(queue.remove("a0")).toBeUndefined();
  expect(queue.refusal(request("batch", "a"))).toBeUndefined();
});

test("counts match the queue after any additions and removals", () => {
  const step = fc.record({ add: fc.boolean(), id: fc.nat(9), heavy: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const queue = createRequestQueue(rules);
      for (const [n, { add, id, heavy }] of steps.entries()) {
        if (!add) queue.remove(String(id));
        else if (!queue.entries.some(({ callId }) => callId === String(id))) {
          queue.add(String(id), request("batch", `t${id % 3}`, heavy ? "heavy" : "light"), n);
        }
        for (const workClass of ["light", "heavy"] as const) {
          const there = queue.entries.filter((entry) => entry.request.workClass === workClass).length;
          expect(queue.count(workClass)).toBe(there);
          const since = queue.entries.filter((entry) => entry.request.workClass === workClass).map((it) => it.sinceMs);
          expect(queue.oldestSinceMs(workClass) ?? Number.POSITIVE_INFINITY).toBe(Math.min(...since));
        }
      }
    }),
  );
});
