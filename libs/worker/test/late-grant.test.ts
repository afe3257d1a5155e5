import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { type HoldSlotRequest, type HoldSlotResponse, SchedulerServiceDefinition, SlotRequest } from "@pixelmesh/proto";
import { connectRpc, createHealth, startRpcServer } from "@pixelmesh/rpc";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { connectSchedulers, holdSlot } from "../src/index.ts";

const validMs = 2_000;
const grantOf = (term: number): HoldSlotResponse => ({
  message: {
    $case: "grant",
    value: { slotId: `${term}.1`, deviceId: "d", optionIndex: 0, epoch: { term, counter: 1 }, validMs },
  },
});

/**
 * Starts a scheduler that answers each request after `delayMs` with a grant of the next of `terms`. It does not lead yet when the first `refusals`
 * requests come.
 */
async function startSlowScheduler(terms: number[], delayMs: number, refusals = 0) {
  let refused = 0;
  const log = createLogger({ service: "test", level: "silent" });
  const health = createHealth();
  const renewals: number[] = [];
  const server = await startRpcServer({
    host: "127.0.0.1",
    port: 0,
    log,
    metrics: createMetrics("test", "0"),
    health,
    serviceNames: [],
    register(rpc) {
      rpc.add(SchedulerServiceDefinition, {
        async *attachDevice() {},
        async *holdSlot(stream: AsyncIterable<HoldSlotRequest>) {
          if (refused < refusals) {
            refused += 1;
            throw new AppError("SERVICE_UNAVAILABLE", "This scheduler does not lead");
          }
          const term = terms.shift() ?? 0;
          for await (const { message } of stream) {
            if (message?.$case === "release") return;
            if (message?.$case === "request") await sleep(delayMs);
            else renewals.push(performance.now());
            yield grantOf(term);
          }
        },
        getCluster: () => Promise.reject(new Error("not asked here")),
      });
    },
  });
  const link = connectSchedulers([server.address], connectRpc);
  onTestFinished(async () => {
    link.close();
    await server.stop(100);
    health.close();
  });
  const hold = () => holdSlot(link, SlotRequest.fromPartial({ options: [{}] }), AbortSignal.timeout(10_000));
  return { hold, renewals };
}

test("a late grant is renewed before it is used, and its validity counts from the renewal", async () => {
  const { hold, renewals } = await startSlowScheduler([1], 1_800);
  const startMs = performance.now();
  const slot = await hold();
  expect(performance.now() - startMs).toBeGreaterThan(1_700);
  expect(renewals).toHaveLength(1);
  let leftMs = 0;
  slot.onRenewed((ms) => {
    leftMs = ms;
  });
  expect(leftMs).toBeGreaterThan(1_500);
  expect(leftMs).toBeLessThanOrEqual(validMs);
  slot.release();
});

test("a request waits for a scheduler that does not lead yet", async () => {
  const { hold } = await startSlowScheduler([1], 0, 3);
  const slot = await hold();
  expect(slot.grant.slotId).toBe("1.1");
  slot.release();
});

test("a prompt grant is used at once, and its validity counts from the request", async () => {
  const { hold, renewals } = await startSlowScheduler([1], 700);
  const slot = await hold();
  expect(renewals).toHaveLength(0);
  slot.onRenewed((leftMs) => expect(leftMs).toBeLessThan(validMs - 690));
  slot.release();
});

test("a grant with a lower term than one already seen is refused", async () => {
  // The request is repeated for 3 s, at most every 250 ms.
  const { hold } = await startSlowScheduler([7, ...Array.from({ length: 100 }, () => 6)], 0);
  (await hold()).release();
  await expect(hold()).rejects.toMatchObject({ reason: "SERVICE_UNAVAILABLE" });
});

test("a grant of the seen term follows one of a lower term", async () => {
  const { hold } = await startSlowScheduler([7, 6, 7], 0);
  (await hold()).release();
  const slot = await hold();
  expect(slot.grant.slotId).toBe("7.1");
  slot.release();
});
