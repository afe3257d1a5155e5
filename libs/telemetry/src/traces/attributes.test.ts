import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { attributeDefinitions, schemaUrl } from "./attributes.ts";

// The published list of the semantic conventions, as text: it says of each name whether it is deprecated.
const root = join(dirname(createRequire(import.meta.url).resolve("@opentelemetry/semantic-conventions")), "..");
const published = ["stable", "experimental"].map((kind) =>
  readFileSync(join(root, `dist/${kind}_attributes.mjs`), "utf8"),
);

/** Every published attribute with the comment before it. */
const comments = new Map(
  published.flatMap((text) =>
    [...text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*const ATTR_\w+ = "([^"]+)";/g)].map(
      ([, comment = "", name = ""]) => [name, comment] as const,
    ),
  ),
);

const standard = Object.keys(attributeDefinitions).filter((name) => !name.startsWith("pixelmesh."));

test.each(standard)("%s is a current name of the semantic conventions", (name) => {
  expect(comments.get(name)).toBeDefined();
  expect(comments.get(name)).not.toContain("@deprecated");
});

test("the schema URL names the release of the conventions that the names are checked against", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(schemaUrl).toBe(`https://opentelemetry.io/schemas/${version}`);
});
