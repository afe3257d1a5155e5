import { WorkItem } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { createLanes } from "./lanes.ts";

const item = (tenant: string) => WorkItem.fromPartial({ tenant });

test("a lane takes so many steps and no more until one has left; other lanes are apart", () => {
  const lanes = createLanes({ perLane: 2, laneOf: ({ tenant }) => tenant });
  const leave = lanes.enter(item("a"));
  expect(lanes.enter(item("a"))).toBeDefined();
  expect(lanes.enter(item("a"))).toBeUndefined();
  expect(lanes.enter(item("b"))).toBeDefined();
  leave?.();
  expect(lanes.enter(item("a"))).toBeDefined();
  expect(lanes.enter(item("a"))).toBeUndefined();
});

test("without settings there is no bound", () => {
  const lanes = createLanes();
  for (let n = 0; n < 1_000; n += 1) expect(lanes.enter(item("a"))).toBeDefined();
});
