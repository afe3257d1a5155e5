import { AppError, expected, reasons } from "@pixelmesh/errors";
import { expect, test } from "vitest";
import { httpStatusOf } from "./http-status.ts";
import { toProblem } from "./problem.ts";

test("every reason has a status of an error and a title of one sentence", () => {
  for (const reason of reasons) {
    const status = httpStatusOf(reason);
    expect(status >= 400 && status < 600, `${reason}: ${status}`).toBe(true);
    const { title, type } = toProblem(new AppError(reason, "x"), {});
    expect(title.length, reason).toBeGreaterThan(5);
    expect(title, reason).not.toMatch(/\.$/);
    expect(type).toBe(`/errors/${reason}`);
  }
});

test("a problem has what RFC 9457 names, and the mesh's members where there are any", () => {
  const error = new AppError("QUEUE_FULL", "Too many", { retryAfterMs: 1_500 });
  expect(toProblem(error, { jobId: "j", traceId: "t" })).toEqual({
    type: "/errors/QUEUE_FULL",
    title: "A bounded queue is full",
    status: 429,
    detail: "Too many",
    reason: "QUEUE_FULL",
    retryAfterMs: 1_500,
    jobId: "j",
    traceId: "t",
  });
  const wrong = expected("scale", "one of 2, 3", "5");
  expect(toProblem(wrong, {}).fields).toEqual([{ name: "scale", description: wrong.message }]);
});

test("the nearest known name is suggested once", () => {
  const unknown = new AppError("UNKNOWN_EFFECT", "Unknown effect `dithr`; known: dither, blur");
  expect(toProblem(unknown, {}).detail).toMatch(/\. Did you mean `dither`\?$/);
  const hinted = new AppError("UNKNOWN_EFFECT", "Unknown effect `dithr`. Did you mean `dither`?");
  expect(toProblem(hinted, {}).detail).toBe(hinted.message);
});
