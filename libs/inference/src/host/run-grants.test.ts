import { describe, expect, test } from "vitest";
import { createRunGrants } from "./run-grants.ts";

describe("grants of a host process", () => {
  test("are valid until they expire, are renewed, or are ended", () => {
    let nowMs = 1_000;
    const grants = createRunGrants(() => nowMs);
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

  test("are not required for runs without a slot", () => {
    expect(() => createRunGrants().check(null)).not.toThrow();
  });
});
