import { expect, test } from "vitest";
import { parseTenant } from "./tenant.ts";

test("a missing tenant becomes the default one", () => {
  expect([parseTenant(undefined), parseTenant(""), parseTenant("acme-1")]).toEqual(["default", "default", "acme-1"]);
});

test.each(["a.b", "*", ">", "a b", "ä", "x".repeat(65)])(
  "`%s` is refused, because it could match another tenant's keys",
  (text) => {
    expect(() => parseTenant(text)).toThrow(expect.objectContaining({ reason: "INVALID_ARGUMENT" }));
  },
);
