import { expect, test } from "vitest";
import { parseTenant } from "./tenant.ts";

test("no tenant is the default one", () => {
  expect([parseTenant(undefined), parseTenant(""), parseTenant("acme-1")]).toEqual(["default", "default", "acme-1"]);
});

test.each(["a.b", "*", ">", "a b", "ä", "x".repeat(65)])(
  "`%s` could reach into another tenant's keys and is refused",
  (text) => {
    expect(() => parseTenant(text)).toThrow(expect.objectContaining({ reason: "INVALID_ARGUMENT" }));
  },
);
