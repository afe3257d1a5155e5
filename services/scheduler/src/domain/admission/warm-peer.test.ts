import { expect, test } from "vitest";
import { granted, host, start } from "../../../test/one-device-scheduler.ts";

const loaded = {
  models: [{ name: "m", digest: "m", provider: "cpu", residentBytes: 1, pinned: false, lastUsedUnixMs: 0 }],
};
const warm = host("warm", 400, loaded);
const request = { modelDigest: "m", instance: "1", jobId: "j", stepId: "s" };

/** Instance 0 of the service has the model in an idle host; instance 1 requests a slot. */
function begin(hostOf0 = warm) {
  const game = start({}, new Map([["m/cpu/host/512/1", { runs: 9, peakBytes: 400, runMs: 1 }]]));
  game.report(500, [hostOf0]);
  game.report(500, [], "s/1");
  return game;
}

test("a step is redirected once to a peer that has its model loaded and enough memory; its second request is granted", () => {
  const { ask } = begin();
  expect(ask("a", 300, request)).toEqual([{ kind: "redirect", callId: "a", instance: "0" }]);
  expect(granted(ask("b", 300, request))).toEqual(["b"]);
});

test("no step is redirected to a peer that is busy, needs more memory, or belongs to another service", () => {
  expect(begin(host("warm", 400, { ...loaded, busy: true })).ask("a", 300, request)).toMatchObject([{ kind: "grant" }]);
  expect(begin(host("warm", 100, loaded)).ask("a", 300, request)).toMatchObject([{ kind: "grant" }]);
  expect(begin().ask("a", 300, { ...request, service: "other" })).toMatchObject([{ kind: "grant" }]);
});

test("work is not redirected if its instance has the model, and not without a job or a model", () => {
  const { report, ask } = begin();
  expect(begin().ask("a", 300, { ...request, jobId: "" })).toMatchObject([{ kind: "grant" }]);
  expect(begin().ask("a", 300, { ...request, modelDigest: "" })).toMatchObject([{ kind: "grant" }]);
  report(900, [host("own", 400, loaded)], "s/1");
  expect(ask("a", 300, { ...request, hostId: "own" })).toMatchObject([{ kind: "grant" }]);
});
