import { expect, test } from "vitest";
import type { Device } from "../api/types.ts";
import { memoryShares } from "./memory-shares.ts";

const device = (bytes: Partial<Device>) =>
  ({ totalBytes: 100, observedBytes: 0, externalBytes: 0, quarantinedBytes: 0, committedBytes: 0, ...bytes }) as Device;

test("Used memory is divided into ours, others' and quarantined, and adds up to what is observed", () => {
  const shares = memoryShares(
    device({ observedBytes: 80, externalBytes: 30, quarantinedBytes: 10, committedBytes: 60 }),
  );
  expect(shares).toEqual({ ours: 0.5, others: 0.2, quarantined: 0.1, granted: 0.6 });
});

test("Readings that do not fit each other give no negative shares, and a device of unknown size has none", () => {
  const shares = memoryShares(
    device({ observedBytes: 10, externalBytes: 30, quarantinedBytes: 50, committedBytes: 900 }),
  );
  expect(shares).toEqual({ ours: 0, others: 0, quarantined: 0.3, granted: 1 });
  expect(memoryShares(device({ totalBytes: 0, observedBytes: 5 }))).toEqual({
    ours: 0,
    others: 0,
    quarantined: 0,
    granted: 0,
  });
});
