import { expect, test } from "vitest";
import { toPublicUrl } from "./public-url.ts";

test("an address is shown without its secrets", () => {
  expect(toPublicUrl("https://user:pass@hooks.example.com:8443/a/b?token=secret#part")).toBe(
    "https://hooks.example.com:8443/a/b",
  );
  expect(toPublicUrl("https://hooks.example.com")).toBe("https://hooks.example.com/");
  expect(toPublicUrl("")).toBe("");
});
