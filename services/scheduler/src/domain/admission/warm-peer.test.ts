import { expect, test } from "vitest";
import { granted, host, start } from "../../../test/one-device.ts";

const loaded = {
  models: [{ name: "m", digest: "m", provider: "cpu", residentBytes: 1, pinned: false, lastUsedUnixMs: 0 }],
};
const warm = host("warm", 400, loaded);
const wish = { modelDigest: "m", instance: "1", jobId: "j", stepId: "s" };

/** Instance 0 of the service has the model in an idle host; instance 1 asks. */
function begin(hostOf0 = warm) {
  const game = start({}, new Map([["m/cpu/host/512/1", { runs: 9, peakBytes: 400, runMs: 1 }]]));
  game.report(500, [hostOf0]);
  game.report(500, [], "s/1");
  return game;
}

test("a step is passed once to a peer that has its model ready and room; asked again it is granted", () => {
  const { ask } = begin();
  expect(ask("a", 300, wish)).toEqual([{ kind: "pass", callId: "a", instance: "0" }]);
  expect(granted(ask("b", 300, wish))).toEqual(["b"]);
});

test("no step is passed to a peer that is busy, would have to grow, or is of another service", () => {
  expect(begin(host("warm", 400, { ...loaded, busy: true })).ask("a", 300, wish)).toMatchObject([{ kind: "grant" }]);
  expect(begin(host("warm", 100, loaded)).ask("a", 300, wish)).toMatchObject([{ kind: "grant" }]);
  expect(begin().ask("a", 300, { ...wish, service: "other" })).toMatchObject([{ kind: "grant" }]);
});

test("work is not passed by whoever has the model itself, nor outside of a job, nor without a model", () => {
  const { report, ask } = begin();
  expect(begin().ask("a", 300, { ...wish, jobId: "" })).toMatchObject([{ kind: "grant" }]);
  expect(begin().ask("a", 300, { ...wish, modelDigest: "" })).toMatchObject([{ kind: "grant" }]);
  report(900, [host("own", 400, loaded)], "s/1");
  expect(ask("a", 300, { ...wish, hostId: "own" })).toMatchObject([{ kind: "grant" }]);
});
