import type { ServiceBase } from "@pixelmesh/service";
import { expect, test } from "vitest";
import { openModelDevices } from "./gpu-devices.ts";

test.each([
  [1, undefined],
  [2, [2, 1]],
  [3, [3, 1]],
  [4, [4, 1]],
  [5, [2, 2]],
  [6, [3, 2]],
  [8, [4, 2]],
  [12, [4, 3]],
  [64, [4, 16]],
])(
  "a processor of %s threads has at most four narrow hosts that leave less than one host's threads unused",
  async (threads, expected) => {
    // A processor needs neither the log nor the end of life.
    const { devices } = await openModelDevices({} as ServiceBase, ["cpu"], threads, {});
    const { threads: ofAll, narrowHosts } = devices[0] ?? {};
    expect(ofAll?.intraOp).toBe(threads);
    expect(narrowHosts && [narrowHosts.count, narrowHosts.threads.intraOp]).toEqual(expected);
  },
);
