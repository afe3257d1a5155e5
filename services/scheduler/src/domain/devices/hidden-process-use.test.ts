import { expect, test } from "vitest";
import { host, start } from "../../../test/one-device-scheduler.ts";

/** Starts with a GPU in a container: it shows the total use, but not the use of each process. */
function begin() {
  const profiles = new Map([["m/cuda/host/512/1", { runs: 9, peakBytes: 300, runMs: 1 }]]);
  const { scheduler, clock, ask, release, device } = start({ gpuHeadroomBytes: 50 }, profiles);
  const report = (observedBytes: number, hosts: ReturnType<typeof host>[]) =>
    scheduler.report(
      "s/0",
      [
        {
          deviceId: "d",
          kind: "gpu",
          name: "host",
          totalBytes: 1000,
          observedBytes,
          computeTokens: 0,
          hosts,
          ownProcessBytes: 0,
          processesHidden: true,
        },
      ],
      new Set(),
      clock.nowMs,
    );
  return { report, ask, release, device };
}

test("granted memory is committed, and memory that the device shows beyond it is external", () => {
  const { report, ask, device } = begin();
  report(100, [host("h", 0)]);
  expect(device()).toMatchObject({ externalBytes: 100, committedBytes: 0 });
  ask("a", 300, { modelDigest: "m", hostId: "h" });
  report(350, [host("h", 0, { busy: true })]);
  expect(device()).toMatchObject({ externalBytes: 50, committedBytes: 300, usedBytes: 350 });
});

test("a host keeps its largest grant until it ends, so that equal work adds no charge", () => {
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
