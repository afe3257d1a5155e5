import { AppError } from "@pixelmesh/errors";
import { expect, test } from "vitest";
import { toFailure } from "../run/failure.ts";

const messageOf = (...args: ConstructorParameters<typeof AppError>) => toFailure(new AppError(...args)).message;

test("the hint for a missing token names its variable", () => {
  expect(messageOf("UNAUTHENTICATED", "This mesh does not know the token")).toBe(
    "This mesh does not know the token. Set PIXELMESH_API_TOKEN to a token of this mesh",
  );
});

test("the hint for a missing model names the command that pulls it", () => {
  const told = messageOf("MODEL_UNAVAILABLE", "Model `u2netp` is listed but not available", {
    metadata: { model: "u2netp" },
  });
  expect(told).toContain("`pixelmesh models pull u2netp`");
  // As in the error of a failed job, without metadata.
  expect(messageOf("MODEL_UNAVAILABLE", "The model `silueta` cannot be used: no file")).toContain(
    "models pull silueta",
  );
  const pulling = "`x` has no public download; name a file or a mirror by --from";
  expect(messageOf("MODEL_UNAVAILABLE", pulling)).toBe(pulling);
});

test("the hint for a wrong word or colour names the nearest one", () => {
  const wrong = (form: string, got: string) =>
    messageOf("INVALID_ARGUMENT", `Expected \`x\` to be ${form}, got \`${got}\``);
  expect(wrong("one of bayer4, bayer8, jarvis", "jarvs")).toMatch(/got `jarvs`\. Did you mean `jarvis`\?$/);
  expect(wrong("a colour such as `#rrggbb`", "nayv")).toMatch(/Did you mean `navy`\?$/);
  expect(wrong("a number from 1 to 2", "3")).toMatch(/got `3`$/);
});

test("the hint for an unknown name names the nearest known one", () => {
  const known = { metadata: { known: "u2netp,silueta" } };
  expect(messageOf("UNKNOWN_MODEL", "Unknown model `u2net`; known: u2netp, silueta", known)).toMatch(
    /Did you mean `u2netp`\?$/,
  );
  expect(messageOf("UNKNOWN_MODEL", "Expected a known model, got `silueto`; known are: u2netp, silueta")).toMatch(
    /Did you mean `silueta`\?$/,
  );
  expect(messageOf("UNKNOWN_MODEL", "Unknown model `zzz`; known: u2netp", known)).toMatch(/known: u2netp$/);
});
