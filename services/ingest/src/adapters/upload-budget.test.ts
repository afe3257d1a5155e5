import { expect, test } from "vitest";
import { createUploadBudget } from "./upload-budget.ts";

async function* chunks(...sizes: number[]) {
  for (const size of sizes) yield new Uint8Array(size).fill(size);
}

test("uploads are charged as they come and given back when they are released", async () => {
  const budget = createUploadBudget(100);
  const upload = budget.open();
  expect((await upload.collect(chunks(30, 20), 1_000)).length).toBe(50);
  expect(budget.usedBytes).toBe(50);
  upload.release();
  upload.release();
  expect(budget.usedBytes).toBe(0);
});

test("an upload that would exceed what all may take together is refused at once, and may be tried again", async () => {
  const budget = createUploadBudget(100);
  await budget.open().collect(chunks(80), 1_000);
  const second = budget.open();
  await expect(second.collect(chunks(10, 20), 1_000)).rejects.toMatchObject({
    reason: "QUEUE_FULL",
    retryAfterMs: 1_000,
  });
  second.release();
  expect(budget.usedBytes).toBe(80);
});

test("a picture above its own bound is refused with the chunk that exceeds it", async () => {
  let sent = 0;
  async function* endless() {
    for (;;) {
      sent += 1;
      yield new Uint8Array(10);
    }
  }
  await expect(createUploadBudget(10_000).open().collect(endless(), 95)).rejects.toMatchObject({
    reason: "IMAGE_TOO_MANY_BYTES",
  });
  expect(sent).toBe(10);
});
