import { AppError } from "@pixelmesh/errors";
import { expect, test } from "vitest";
import { toFailure } from "../run/failure.ts";

const messageOf = (...args: ConstructorParameters<typeof AppError>) => toFailure(new AppError(...args)).message;

test("a call without a token names the variable that holds it", () => {
  expect(messageOf("UNAUTHENTICATED", "The token is none of this mesh's")).toBe(
    "The token is none of this mesh's. Set PIXELMESH_API_TOKEN to a token of this mesh",
  );
});

test("a model that is not here names the command that brings it", () => {
  const told = messageOf("MODEL_UNAVAILABLE", "Model `u2netp` is listed but not available", {
    metadata: { model: "u2netp" },
  });
  expect(told).toContain("`pixelmesh models pull u2netp`");
  // As a failed job tells it, without metadata.
  expect(messageOf("MODEL_UNAVAILABLE", "The model `silueta` cannot be used: no file")).toContain(
    "models pull silueta",
  );
  const pulling = "`x` has no public download; name a file or a mirror by --from";
  expect(messageOf("MODEL_UNAVAILABLE", pulling)).toBe(pulling);
});

test("a wrong word or colour gets the nearest", () => {
  const wrong = (form: string, got: string) =>
    messageOf("INVALID_ARGUMENT", `Expected \`x\` to be ${form}, got \`${got}\``);
  expect(wrong("one of bayer4, bayer8, jarvis", "jarvs")).toMatch(/got `jarvs`\. Did you mean `jarvis`\?$/);
  expect(wrong("a colour such as `#rrggbb`", "nayv")).toMatch(/Did you mean `navy`\?$/);
  expect(wrong("a number from 1 to 2", "3")).toMatch(/got `3`$/);
});

test("a name that is unknown gets the nearest that is known", () => {
  const known = { metadata: { known: "u2netp,silueta" } };
  expect(messageOf("UNKNOWN_MODEL", "Unknown model `u2net`; known: u2netp, silueta", known)).toMatch(
    /Did you mean `u2netp`\?$/,
  );
  expect(messageOf("UNKNOWN_MODEL", "Expected a known model, got `silueto`; known are: u2netp, silueta")).toMatch(
    /Did you mean `silueta`\?$/,
  );
  expect(messageOf("UNKNOWN_MODEL", "Unknown model `zzz`; known: u2netp", known)).toMatch(/known: u2netp$/);
});
