import { expect, test } from "vitest";
import { host, start } from "../../../test/one-device.ts";

/** A GPU in a container: the device shows what is used in all, not by whom. */
function begin() {
  const cards = new Map([["m/cuda/host/512/1", { runs: 9, peakBytes: 300, runMs: 1 }]]);
  const { scheduler, clock, ask, release, device } = start({ gpuHeadroomBytes: 50 }, cards);
  const report = (observedBytes: number, hosts: ReturnType<typeof host>[]) =>
    scheduler.report(
      "s/0",
      [
        {
          ...{ deviceId: "d", kind: "gpu", name: "host", totalBytes: 1000, observedBytes, computeTokens: 0 },
          ...{ hosts, ownProcessBytes: 0, processesHidden: true },
        },
      ],
      new Set(),
      clock.nowMs,
    );
  return { report, ask, release, device };
}

test("ours is what was granted, and external is what the device shows beyond that", () => {
  const { report, ask, device } = begin();
  report(100, [host("h", 0)]);
  expect(device()).toMatchObject({ externalBytes: 100, committedBytes: 0 });
  ask("a", 300, { modelDigest: "m", hostId: "h" });
  report(350, [host("h", 0, { busy: true })]);
  expect(device()).toMatchObject({ externalBytes: 50, committedBytes: 300, usedBytes: 350 });
});

test("a host keeps what it was granted once, so that the same work costs nothing new, until it ends", () => {
  const { report, ask, release, device } = begin();
  report(100, [host("h", 0)]);
  ask("a", 300, { modelDigest: "m", hostId: "h" });
  report(400, [host("h", 0, { busy: true })]);
  release("a");
  report(400, [host("h", 0)]);
  expect(device()).toMatchObject({ externalBytes: 100, committedBytes: 300, usedBytes: 400 });
  ask("b", 300, { modelDigest: "m", hostId: "h" });
  expect(device()).toMatchObject({ committedBytes: 300, usedBytes: 400 });
  release("b");
  report(100, []);
  expect(device()).toMatchObject({ externalBytes: 100, committedBytes: 0, usedBytes: 100 });
});
