import { expect, test } from "vitest";
import { ApiError, readProblem, toErrorText } from "./api-error.ts";

test("A problem document becomes its reason and detail, and fields that the detail does not name", async () => {
  const problem = {
    type: "/errors/INVALID_ARGUMENT",
    title: "Invalid argument",
    status: 400,
    reason: "INVALID_ARGUMENT",
    detail: "Expected `scale` to be 2, 3 or 4, got `5`",
    fields: [{ name: "scale", description: "Expected 2, 3 or 4" }],
  };
  const error = await readProblem(Response.json(problem, { status: 400 }));
  expect(toErrorText(error)).toBe(
    "INVALID_ARGUMENT: Expected `scale` to be 2, 3 or 4, got `5`; scale: Expected 2, 3 or 4",
  );
  expect(error.status).toBe(400);
});

test("An answer that is no problem document still says what happened", async () => {
  const error = await readProblem(new Response("<html>Bad gateway</html>", { status: 502 }));
  expect(error).toBeInstanceOf(ApiError);
  expect(toErrorText(error)).toBe("INTERNAL: The gateway answered with status 502");
});
