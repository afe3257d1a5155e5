import { expect, test } from "vitest";
import { createPicture } from "../../../test/pictures.ts";
import { applyChain } from "../chain.ts";
import { parseEffects } from "./catalogue.ts";
import { presetDescriptions } from "./presets.ts";

const named = (name: string) => ({ name, parameters: {} });

test.each(presetDescriptions())("$name is its chain", async ({ name, title, description, chain }) => {
  expect([title, description]).not.toContain("");
  const picture = createPicture(61, 43, 4);
  const [byName, byChain] = [parseEffects([named(name)]), parseEffects(chain)];
  expect(byName.map(({ resolved }) => resolved)).toEqual(byChain.map(({ resolved }) => resolved));
  const { data } = await applyChain(picture, byName);
  expect(Buffer.compare(data, (await applyChain(picture, byChain)).data)).toBe(0);
  expect(Buffer.compare(data, picture.data)).not.toBe(0);
});

test("no two presets look the same", async () => {
  const picture = createPicture(61, 43, 3);
  const results = await Promise.all(
    presetDescriptions().map(({ name }) => applyChain(picture, parseEffects([named(name)]))),
  );
  expect(new Set(results.map(({ data }) => Buffer.from(data).toString("base64"))).size).toBe(results.length);
});

test("a preset takes no parameters, and its effects count", () => {
  const withLevel = { name: "preset:vhs", parameters: { level: { kind: { $case: "number", value: 1 } as const } } };
  expect(() => parseEffects([withLevel])).toThrow("Expected `effects[0].parameters` to be empty for a preset");
  expect(() => parseEffects(Array.from({ length: 4 }, () => named("preset:vhs")))).toThrow(
    /those of presets included, got `20`/,
  );
  expect(() => parseEffects([named("preset:unknown")])).toThrow(/got `preset:unknown`/);
});
