import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "@pixelmesh/config";
import { expect, onTestFinished, test } from "vitest";
import { readKeys } from "./callback-secrets.ts";

const [first, second, third] = ["a", "b", "c"].map(
  (letter) => `whsec_${Buffer.from(letter.repeat(32)).toString("base64")}`,
);

function read(text: string) {
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-secrets-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const path = join(dir, "secrets");
  writeFileSync(path, text);
  return Object.fromEntries(
    [...readKeys({ name: "SECRETS", path })].map(([tenant, keys]) => [
      tenant,
      keys.map((key) => Buffer.from(key).toString()[0]),
    ]),
  );
}

test("a file holds secrets for all tenants and for some of them", () => {
  expect(read(`# callbacks\n${first}\n\n${second}\nshop ${third}\n`)).toEqual({ "": ["a", "b"], shop: ["c"] });
});

test.each([
  ["none", "# nothing\n"],
  ["another form", "not-in-the-form\n"],
  ["a short key", `whsec_${Buffer.from("short").toString("base64")}\n`],
  ["a long key", `whsec_${Buffer.alloc(65).toString("base64")}\n`],
  ["three for all", `${first}\n${second}\n${third}\n`],
])("a file with %s is refused, and the error shows no secret", (_, text) => {
  const failure = (() => {
    try {
      return read(text);
    } catch (error) {
      return error;
    }
  })();
  expect(failure).toBeInstanceOf(ConfigError);
  expect(String(failure)).toContain("SECRETS");
  for (const line of text.split("\n").filter((each) => /^whsec_|^not-in/.test(each)))
    expect(String(failure)).not.toContain(line);
});
