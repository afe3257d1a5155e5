import { ApplyEffectsResponse, EffectsServiceDefinition } from "@pixelmesh/proto";
import { type CallContext, createByteBudget, type GeneratedService } from "@pixelmesh/rpc";
import { expect, test } from "vitest";
import { createForwardHandlers } from "./forward-service.ts";

const mib = 1024 * 1024;
const { signal } = new AbortController();
const context = { signal } as CallContext;
const encode = (part: NonNullable<ApplyEffectsResponse["part"]>) =>
  ApplyEffectsResponse.encode(ApplyEffectsResponse.fromPartial({ part })).finish();
const header = (sizeBytes: number) =>
  encode({ $case: "header", value: { format: 2, widthPx: 1, heightPx: 1, sizeBytes, notices: [] } });
const chunk = (bytes: number) => encode({ $case: "chunk", value: new Uint8Array(bytes) });
const progress = encode({ $case: "progress", value: 0.5 });

/** Calls ApplyEffects through the forwarder to a worker that sends these responses. */
function applyEffects(
  responses: readonly Uint8Array[],
  downloads = createByteBudget({ totalBytes: 64 * mib, name: "downloads" }),
) {
  const connection = {
    async *call() {
      yield* responses;
    },
    close() {},
  };
  const service = { name: "effects", definition: EffectsServiceDefinition as GeneratedService, connection };
  const uploads = createByteBudget({ totalBytes: 64 * mib, name: "uploads" });
  const handlers = createForwardHandlers(service, { uploads, downloads } as never);
  async function* requests() {}
  return handlers.applyEffects?.(requests() as never, context) as AsyncGenerator<Uint8Array>;
}

test("a result waits for its memory before its header is passed on, so that a full replica refuses it as a whole", async () => {
  const downloads = createByteBudget({ totalBytes: 2 * mib, name: "downloads", maxWaitMs: 50 });
  const share = await downloads.take(mib);
  const responses = applyEffects([progress, header(9 * mib), chunk(mib / 4)], downloads);
  expect((await responses.next()).value).toBe(progress);
  await expect(responses.next()).rejects.toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: 1_000 });
  share.release();
  expect(downloads.usedBytes).toBe(0);
});

test("a result holds the window and 3 chunks from its header on, until it has been passed on", async () => {
  const downloads = createByteBudget({ totalBytes: 64 * mib, name: "downloads" });
  const used: number[] = [];
  for await (const _ of applyEffects([progress, header(9 * mib), chunk(mib / 4)], downloads))
    used.push(Math.round(downloads.usedBytes / 1024));
  expect(used.slice(0, 2)).toEqual([0, 1_280]);
  expect(downloads.usedBytes).toBe(0);
});

test("a small result takes no memory of the budget", async () => {
  const downloads = createByteBudget({ totalBytes: 64 * mib, name: "downloads" });
  for await (const _ of applyEffects([header(1_000), chunk(1_000)], downloads)) expect(downloads.usedBytes).toBe(0);
});
