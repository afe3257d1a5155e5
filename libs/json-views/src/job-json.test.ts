import { Job, StepState, WaitReason } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { toJobJson } from "./job-json.ts";

test("the wait of a step has a word for its reason, and a step that waits for nothing has none", () => {
  const job = Job.fromPartial({
    steps: [
      { id: "a", state: StepState.READY, wait: { reason: WaitReason.OTHER_PROGRAMS, position: 2, deviceId: "gpu" } },
      { id: "b", state: StepState.RUNNING },
    ],
  });
  const { steps } = JSON.parse(JSON.stringify(toJobJson(job)));
  expect(steps[0]).toMatchObject({ state: "READY", wait: { reason: "other_programs", position: 2, deviceId: "gpu" } });
  expect(steps[1]).not.toHaveProperty("wait");
});
