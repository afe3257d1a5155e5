import { ErrorReason, ImageFormat, Job, JobState } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { toCallbackBody } from "./callback-body.ts";

test("a callback carries the compact job: state, error, outputs with digest and size, labels", () => {
  const job = Job.fromPartial({
    id: "j2a-1",
    state: JobState.SUCCEEDED,
    createdUnixMs: 1_767_225_590_000,
    finishedUnixMs: 1_767_225_600_000,
    outputsExpireUnixMs: 1_767_312_000_000,
    sources: [{ name: "source", sha256: "ab" }],
    steps: [{ id: "fx" }],
    outputs: [
      {
        name: "result",
        step: "fx",
        ready: true,
        sha256: "cd",
        sizeBytes: 7,
        format: ImageFormat.PNG,
        widthPx: 3,
        heightPx: 2,
      },
    ],
    labels: ["order:17"],
    requestId: "r1",
    callbackUrl: "https://hooks.example.com/",
  });
  expect(JSON.parse(toCallbackBody(job))).toEqual({
    type: "job.succeeded",
    timestamp: "2026-01-01T00:00:00.000Z",
    data: {
      id: "j2a-1",
      state: "SUCCEEDED",
      createdUnixMs: 1_767_225_590_000,
      finishedUnixMs: 1_767_225_600_000,
      outputsExpireUnixMs: 1_767_312_000_000,
      error: null,
      outputs: [{ name: "result", ready: true, sha256: "cd", sizeBytes: 7, format: "png", widthPx: 3, heightPx: 2 }],
      labels: ["order:17"],
      requestId: "r1",
    },
  });
  const error = { reason: ErrorReason.IMAGE_CORRUPT, message: "broken", stepId: "fx" };
  const failed = JSON.parse(toCallbackBody({ ...job, state: JobState.FAILED, error }));
  expect([failed.type, failed.data.state, failed.data.error]).toEqual([
    "job.failed",
    "FAILED",
    { reason: "IMAGE_CORRUPT", message: "broken", stepId: "fx" },
  ]);
  expect(JSON.parse(toCallbackBody({ ...job, state: JobState.CANCELLED })).type).toBe("job.cancelled");
});
