import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { findPictures, type PictureReference, searchedKeys } from "./find-pictures.ts";

const png = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), Buffer.alloc(80)]);
const base64 = png.toString("base64");
const addressesOf = (found: readonly PictureReference[]) =>
  found.map((each) => (each.kind === "address" ? each.address : each.kind));

test.each([
  ["an address", "https://a/1.png", ["https://a/1.png"]],
  ["an address as an object", new URL("https://a/1.png"), ["https://a/1.png"]],
  ["a data URI", `data:image/png;base64,${base64}`, ["base64"]],
  ["a data URI with parameters", `data:image/png;name=a.png;base64,${base64}`, ["base64"]],
  ["base64 of a picture", base64, ["base64"]],
  ["bytes", png, ["bytes"]],
  ["a buffer", new Uint8Array(png).buffer, ["bytes"]],
  ["a blob", new Blob([png]), ["stream"]],
  ["a stream", new Blob([png]).stream(), ["stream"]],
  ["a file object with a member", { url: "https://a/1.png", seed: 1 }, ["https://a/1.png"]],
  ["a file object with a method", { url: () => new URL("https://a/1.png") }, ["https://a/1.png"]],
  ["a file object with a promise", { url: async () => "https://a/1.png" }, ["https://a/1.png"]],
  [
    "a list of all",
    ["https://a/1", { url: "https://a/2" }, png, { b64_json: "AAAA" }],
    ["https://a/1", "https://a/2", "bytes", "base64"],
  ],
  [
    "nested members",
    { seed: 7, result: { images: [{ content: { url: "https://a/1" } }, { image: "https://a/2" }] } },
    ["https://a/1", "https://a/2"],
  ],
  ["JSON as text", '{"output":["https://a/1"]}', ["https://a/1"]],
  [
    "the first member with a picture",
    { image: "https://a/in", images: ["https://a/1", "https://a/2"] },
    ["https://a/1", "https://a/2"],
  ],
  ["an empty member before one with a picture", { output: null, images: [], image: "https://a/1" }, ["https://a/1"]],
  ["members that are not searched", { input: { image: "https://a/in" }, seed: "https://a/2" }, []],
  ["a text", "a description", []],
  ["a data URI of SVG", "data:image/svg+xml,<svg/>", []],
  ["a file address", "file:///etc/passwd", []],
  ["nothing", null, []],
  ["a number", 7, []],
])("%s gives its pictures", async (_, output, expected) => {
  expect(addressesOf(await findPictures(output))).toEqual(expected);
});

test("a stream with a method url is read by its address, under the guard", async () => {
  const file = Object.assign(new Blob([png]).stream(), { url: () => "https://a/1" });
  expect(await findPictures([file])).toEqual([{ kind: "address", address: "https://a/1" }]);
});

/** Values in which addresses are nested, with the addresses in their order. */
const nested = fc.letrec<{ value: { value: unknown; addresses: string[] } }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, withCrossShrink: true },
    fc.nat(99).map((at) => ({ value: `https://a/${at}` as unknown, addresses: [`https://a/${at}`] })),
    fc.constantFrom<unknown>(null, 7, "text", true).map((value) => ({ value, addresses: [] })),
    fc.array(tie("value"), { maxLength: 3 }).map((list) => ({
      value: list.map(({ value }) => value),
      addresses: list.flatMap(({ addresses }) => addresses),
    })),
    fc
      .tuple(fc.constantFrom("output", "images", "data", "content", "url"), tie("value"))
      .map(([key, { value, addresses }]) => ({
        value: { seed: 1, [key]: value },
        addresses,
      })),
    fc.tuple(fc.constantFrom("input", "logs", "thumbnail"), tie("value")).map(([key, { value }]) => ({
      value: { [key]: value },
      addresses: [],
    })),
  ),
})).value;

test("nested outputs give their addresses in order, the first 16", async () => {
  await fc.assert(
    fc.asyncProperty(nested, async ({ value, addresses }) => {
      expect(addressesOf(await findPictures(value))).toEqual(addresses.slice(0, 16));
      // The same as text.
      if (typeof value === "object" && value !== null)
        expect(addressesOf(await findPictures(JSON.stringify(value)))).toEqual(addresses.slice(0, 16));
    }),
  );
});

test("any value ends the search", async () => {
  await fc.assert(
    fc.asyncProperty(fc.anything(), async (value) => {
      expect((await findPictures({ output: value })).length).toBeLessThanOrEqual(16);
    }),
  );
});

test("depth, count and circles are bounded", async () => {
  let deep: unknown = "https://a/1";
  for (let level = 0; level < 9; level += 1) deep = [deep];
  expect(await findPictures(deep)).toEqual([]);
  expect(await findPictures([...new Array(3_000).fill(0), "https://a/late"])).toEqual([]);
  expect(await findPictures(Array.from({ length: 40 }, (_, at) => `https://a/${at}`))).toHaveLength(16);
  const circle: Record<string, unknown> = {};
  circle.output = [circle, circle];
  expect(await findPictures(circle)).toEqual([]);
});

test("the documented order of members is the one that is searched", () => {
  const page = readFileSync(new URL("../../../../docs/reference/hosted-models.md", import.meta.url), "utf8");
  expect(page).toContain(`\n${searchedKeys.map((key) => `\`${key}\``).join(", ")}\n`);
});
