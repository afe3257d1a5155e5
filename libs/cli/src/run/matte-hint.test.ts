import { Model } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { parseRunFlags, type RunOptions } from "./flags.ts";
import { findMatteHint } from "./matte-hint.ts";

const bundled = Model.fromPartial({ name: "pixelmesh-matte", task: "matte", available: true });
const general = Model.fromPartial({ name: "u2netp", task: "matte", sizeBytes: 4_574_861 });
const { signal } = new AbortController();

function hintFor(options: Partial<RunOptions>, models: readonly Model[] = [bundled, general]) {
  const flags = parseRunFlags(["a.png"], {
    ...{ quality: "auto", format: "auto", priority: "interactive", cache: true, address: "127.0.0.1:1", ...options },
  });
  return findMatteHint(flags, { models: async () => models }, signal);
}

test("a cut-out of a mesh that has only the bundled matte is told how to get a better one, in one line", async () => {
  const hint = await hintFor({ removeBackground: true });
  expect(hint).toMatch(
    /^note: pixelmesh-matte, the only .* is for one object .*`pixelmesh models pull u2netp` \(4\.4 MiB\)/,
  );
  expect(hint).not.toContain("\n");
});

test("there is no hint without a cut-out, with a chosen model, where a better model is here, or in a quiet command", async () => {
  expect(await hintFor({ upscale: 2 })).toBe(undefined);
  expect(await hintFor({ removeBackground: true, cutoutModel: "pixelmesh-matte" })).toBe(undefined);
  expect(await hintFor({ removeBackground: true, upscale: 2, model: "pixelmesh-matte" })).toBe(undefined);
  expect(await hintFor({ removeBackground: true, quiet: true })).toBe(undefined);
  for (const models of [
    [bundled, { ...general, available: true }],
    [{ ...bundled, available: false }, general],
    [bundled],
    [],
  ]) {
    expect(await hintFor({ removeBackground: true }, models)).toBe(undefined);
  }
});

test("a mesh that does not list its models costs no more than the hint", async () => {
  const flags = parseRunFlags(["a.png"], {
    ...{
      quality: "auto",
      format: "auto",
      priority: "interactive",
      cache: true,
      address: "127.0.0.1:1",
      removeBackground: true,
    },
  });
  const models = () => Promise.reject(new Error("unavailable"));
  expect(await findMatteHint(flags, { models }, signal)).toBe(undefined);
});
