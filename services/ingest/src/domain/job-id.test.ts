import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { assertJobId, createdUnixMsOf, createJobId, identityOf, identityOfRequest } from "./job-id.ts";

const random = fc.uint8Array({ minLength: 16, maxLength: 16 });
const time = fc.integer({ min: 0, max: 2 ** 45 });
const noRequest = { tenant: "t", requestId: "" };
const request = fc.record({ tenant: fc.constantFrom("a", "b"), requestId: fc.string({ minLength: 1 }) });

test("every created id is accepted, and later ids sort after earlier ones", () => {
  fc.assert(
    fc.property(time, time, random, random, (a, b, first, second) => {
      const early = createJobId(Math.min(a, b), first, noRequest);
      const late = createJobId(Math.max(a, b) + 1, second, noRequest);
      assertJobId(early);
      expect(early < late).toBe(true);
    }),
  );
});

test("the time of an id is the time at which it was created", () => {
  fc.assert(
    fc.property(time, random, (at, bytes) => {
      expect(createdUnixMsOf(createJobId(at, bytes, noRequest))).toBe(at);
    }),
  );
});

test("ids of one request have one identity at any time, and other requests have others", () => {
  fc.assert(
    fc.property(time, time, random, random, request, request, (a, b, first, second, one, two) => {
      const id = createJobId(a, first, one);
      assertJobId(id);
      expect(identityOf(id)).toBe(identityOfRequest(one));
      expect(identityOf(createJobId(b, second, one))).toBe(identityOf(id));
      const isSame = one.tenant === two.tenant && one.requestId === two.requestId;
      expect(identityOf(createJobId(a, first, two)) === identityOf(id)).toBe(isSame);
    }),
  );
});

test("the identity of a request is the first 62 bits of a hash, behind the variant of RFC 9562", () => {
  const hash = createHash("sha256").update("ann\0order-1").digest();
  hash[0] = 0x80 | ((hash[0] as number) & 0x3f);
  const hex = hash.toString("hex", 0, 8);
  expect(identityOfRequest({ tenant: "ann", requestId: "order-1" })).toBe(`${hex.slice(0, 4)}-${hex.slice(4)}`);
});

test("ids of version 1 are accepted", () => {
  assertJobId("j1a-0192d0a0-0000-7000-8000-000000000000");
});

test("two calls of one millisecond with one request id have different ids, and their identities without one differ", () => {
  const bytes = (value: number) => new Uint8Array(16).fill(value);
  const asked = { tenant: "t", requestId: "r" };
  expect(createJobId(1, bytes(1), asked)).not.toBe(createJobId(1, bytes(2), asked));
  expect(identityOf(createJobId(1, bytes(1), noRequest))).not.toBe(identityOf(createJobId(1, bytes(2), noRequest)));
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
