import { expect, test, vi } from "vitest";
import { createAssertCallbackSpace } from "./callback-space.ts";

test("jobs with a callback are refused from 85 % of the bound on; the size is read once a second", async () => {
  let sizeBytes = 849;
  const read = vi.fn(async () => ({ sizeBytes, boundBytes: 1_000, entries: 1, maxEntries: 10 }));
  const assertSpace = createAssertCallbackSpace(read);
  await assertSpace();
  sizeBytes = 900;
  await assertSpace();
  expect(read).toHaveBeenCalledTimes(1);
  const again = createAssertCallbackSpace(read);
  await expect(again()).rejects.toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: 30_000 });
  const crowded = createAssertCallbackSpace(async () => ({
    sizeBytes: 1,
    boundBytes: 1_000,
    entries: 16,
    maxEntries: 10,
  }));
  await expect(crowded()).rejects.toMatchObject({ reason: "QUEUE_FULL" });
});
