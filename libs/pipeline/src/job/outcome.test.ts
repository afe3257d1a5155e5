import { type Reason, reasonToEnum } from "@pixelmesh/errors";
import { JobError, JobState, PlannedStep } from "@pixelmesh/proto";
import { describe, expect, test } from "vitest";
import { outcomeOf, pipelineKind } from "./outcome.ts";

const steps = (...services: string[]) => ({ steps: services.map((service) => PlannedStep.fromPartial({ service })) });
const failed = (reason: Reason) => ({
  state: JobState.FAILED,
  error: JobError.fromPartial({ reason: reasonToEnum(reason) }),
});

describe("the kind of a pipeline", () => {
  test.each([
    [["ingest", "effects", "upscale", "background"], "upscale"],
    [["effects", "background"], "background"],
    [["ingest", "effects"], "effects"],
    [["ingest"], "prescale"],
    [[], "prescale"],
  ])("with steps of the roles %j is %s", (services, kind) => expect(pipelineKind(steps(...services))).toBe(kind));
});

describe("the outcome of a job", () => {
  test.each([
    ["DEADLINE_EXCEEDED", "timed_out"],
    ["POISON", "dead_lettered"],
    ["IMAGE_TRUNCATED", "rejected"],
    ["OUTPUT_TOO_LARGE", "rejected"],
    ["RESULT_INVALID", "failed"],
    ["INFERENCE_FAILED", "failed"],
    ["INTERNAL", "failed"],
  ] as const)("that failed with %s is %s", (reason, outcome) => expect(outcomeOf(failed(reason))).toBe(outcome));

  test("follows its state where the state decides it", () => {
    expect(outcomeOf({ state: JobState.SUCCEEDED, error: undefined })).toBe("succeeded");
    expect(outcomeOf({ state: JobState.CANCELLED, error: undefined })).toBe("cancelled");
    expect(outcomeOf({ state: JobState.FAILED, error: undefined })).toBe("failed");
  });
});
