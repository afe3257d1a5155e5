import { describe, expect, test } from "vitest";
import { createGrants } from "./grants.ts";

describe("grants", () => {
  test("hold until they run out, are renewed, or are ended", () => {
    let nowMs = 1_000;
    const grants = createGrants(() => nowMs);
    expect(() => grants.check("s")).toThrow("no grant");
    grants.renew("s", 1_100);
    nowMs = 1_099;
    expect(() => grants.check("s")).not.toThrow();
    nowMs = 1_100;
    expect(() => grants.check("s")).toThrow("ran out");
    grants.renew("s", 1_200);
    expect(() => grants.check("s")).not.toThrow();
    grants.end("s");
    expect(() => grants.check("s")).toThrow("no grant");
  });

  test("are not asked of work without a slot", () => {
    expect(() => createGrants().check(null)).not.toThrow();
  });
});
