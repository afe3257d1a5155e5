import { AppError } from "@pixelmesh/errors";
import { expect, test } from "vitest";
import { troubleOf } from "./trouble-of.ts";

const failedBy = (cause: unknown) => ({
  ...{ path: "in/a.jpg", job: undefined, outputs: [], failure: { reason: "INTERNAL", message: "x" } },
  cause,
});
const systemError = (code: string, syscall: string, path?: string) =>
  Object.assign(new Error(code), { code, syscall, path });
const inputs = ["in/a.jpg", "beach.jpg"];

test.each(["SERVICE_UNAVAILABLE", "QUEUE_FULL", "JOB_NOT_FOUND", "UNAUTHENTICATED"] as const)(
  "%s is no fault of a picture",
  (reason) => {
    expect(troubleOf(failedBy(new AppError(reason, "x")), inputs)).toBe("mesh");
  },
);

test.each([
  systemError("ENOSPC", "write"),
  systemError("ENOENT", "open", "out/.pixelmesh-1.part"),
  systemError("EROFS", "open", "out/.pixelmesh-1.part"),
])("a place that cannot be written now is no fault of a picture: %s", (error) => {
  expect(troubleOf(failedBy(error), inputs)).toBe("outputs");
});

test.each([
  new AppError("IMAGE_CORRUPT", "x"),
  new AppError("INVALID_ARGUMENT", "x"),
  systemError("EACCES", "open", "in/a.jpg"),
  systemError("ENOENT", "stat", "beach.jpg"),
  systemError("EIO", "read"),
  systemError("ENAMETOOLONG", "open", "out/x"),
  new Error("anything"),
  undefined,
])("a failure of the picture itself is one: %s", (error) => {
  expect(troubleOf(failedBy(error), inputs)).toBeUndefined();
});
