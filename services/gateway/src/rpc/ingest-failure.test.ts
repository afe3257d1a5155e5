import { AppError } from "@pixelmesh/errors";
import { fromRpcError } from "@pixelmesh/rpc";
import { ClientError, Status } from "nice-grpc-common";
import { expect, test } from "vitest";
import { toNamedFailure } from "./ingest-failure.ts";

test("a call that nothing answered names ingest, not connections", () => {
  const failed = fromRpcError(new ClientError("/a/B", Status.UNAVAILABLE, "connect ECONNREFUSED 127.0.0.1:1"));
  const { reason, message, retryAfterMs } = toNamedFailure(failed);
  expect({ reason, message, retryAfterMs }).toEqual({
    reason: "SERVICE_UNAVAILABLE",
    message: "The ingest service does not answer; repeat the request",
    retryAfterMs: 1_000,
  });
});

test("failures of our services keep their texts", () => {
  for (const error of [
    new AppError("SERVICE_UNAVAILABLE", "The effects service does not answer; repeat the call"),
    new AppError("JOB_NOT_FOUND", "There is no job with this id"),
    new AppError("STOPPING", "This replica is stopping", { cause: new ClientError("/a/B", Status.UNAVAILABLE, "") }),
  ])
    expect(toNamedFailure(error)).toBe(error);
});
