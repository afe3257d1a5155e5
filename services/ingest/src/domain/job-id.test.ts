import fc from "fast-check";
import { expect, test } from "vitest";
import { assertJobId, createdUnixMsOf, createJobId } from "./job-id.ts";

const random = fc.uint8Array({ minLength: 16, maxLength: 16 });
const time = fc.integer({ min: 0, max: 2 ** 45 });

test("every created id is accepted, and later ids sort after earlier ones", () => {
  fc.assert(
    fc.property(time, time, random, random, (a, b, first, second) => {
      const [early, late] = [createJobId(Math.min(a, b), first), createJobId(Math.max(a, b) + 1, second)];
      assertJobId(early);
      expect(early < late).toBe(true);
    }),
  );
});

test("the time of an id is the time at which it was created", () => {
  fc.assert(
    fc.property(time, random, (at, bytes) => {
      expect(createdUnixMsOf(createJobId(at, bytes))).toBe(at);
    }),
  );
});

test.each([
  "",
  "x",
  "j1a-",
  "j1a-00000000-0000-4000-8000-000000000000",
  "j1a-00000000-0000-7000-8000-000000000000.>",
  "*",
])("`%s` is refused as a job id", (text) => {
  expect(() => assertJobId(text)).toThrow(expect.objectContaining({ reason: "JOB_NOT_FOUND" }));
});
