import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEffectText, parseVariant } from "@pixelmesh/flag-values";
import { toPipeline } from "@pixelmesh/pipeline-flags";
import { EffectDescription, ParameterType } from "@pixelmesh/proto";
import { afterAll, expect, test } from "vitest";
import { planEffects, possiblePaths } from "./effect-pictures.ts";
import { parseRunFlags } from "./flags.ts";

const folder = mkdtempSync(join(tmpdir(), "pixelmesh-effect-pictures-"));
const [logo, stamp] = ["logo.png", "stamp.png"].map((name) => join(folder, name)) as [string, string];
for (const path of [logo, stamp]) writeFileSync(path, "");
afterAll(() => rmSync(folder, { recursive: true }));

const catalogue = [
  EffectDescription.fromPartial({
    name: "watermark",
    parameters: [
      { name: "picture", type: ParameterType.INPUT },
      { name: "text", type: ParameterType.TEXT },
    ],
  }),
];
const marked = (value: string) => parseEffectText(`watermark:picture=${value}`);
const planOf = (effects: readonly string[], variants: readonly string[] = []) => {
  const typed = { effects: effects.map(marked), variants: variants.map(parseVariant) };
  return { ...planEffects(typed, catalogue), typed };
};

test("a file becomes an input of the step; used twice, it is one", () => {
  const { pictures, toEffects, typed } = planOf([`@${stamp}`, `@${logo}`, `@${stamp}`]);
  expect(pictures).toEqual([
    { name: "effect-picture-1", path: stamp },
    { name: "effect-picture-2", path: logo },
  ]);
  const { effects, inputs } = toEffects(typed.effects);
  expect(effects.map(({ parameters }) => parameters.picture?.kind)).toEqual(
    [1, 2, 1].map((value) => ({ $case: "input", value })),
  );
  expect(inputs.map(({ from }) => from?.value)).toEqual(["effect-picture-1", "effect-picture-2"]);
});

test("each step has the pictures of its own effects, from uploads of the whole command", () => {
  const options = { quality: "auto", priority: "interactive", cache: true, address: "127.0.0.1:7400" } as const;
  const flags = parseRunFlags(["a.png"], {
    ...options,
    effect: [marked(`@${logo}`)],
    variant: [parseVariant(`a=watermark:picture=@${stamp}`), parseVariant("b=watermark:text=x")],
  });
  const { pictures, toEffects } = planEffects(flags, catalogue);
  expect(pictures.map(({ path }) => path)).toEqual([logo, stamp]);
  const { steps } = toPipeline(flags, toEffects);
  expect(steps.map(({ inputs }) => inputs.map(({ from }) => from?.value))).toEqual([
    ["source", "effect-picture-1"],
    ["effects", "effect-picture-2"],
    ["effects"],
  ]);
});

test.each(["@", "@-", "@/dev/stdin", "logo.png", "1", ""])("the picture `%s` is refused", (value) => {
  expect(() => planOf([value])).toThrow(
    `Expected \`--effect watermark:picture\` to be @FILE, the path of a picture, got \`${value}\``,
  );
});

test("a file that does not exist is refused, with the flag that named it", () => {
  expect(() => planOf(["@nowhere.png"])).toThrow(
    "Expected `--effect watermark:picture` to be @FILE, the path of a picture that exists, got `@nowhere.png`",
  );
  expect(() => planOf([], ["old=watermark:picture=@nowhere.png"])).toThrow(
    "Expected `--variant old=watermark:picture`",
  );
});

test("0 is no picture, and a text that begins with @ is a text", () => {
  const { pictures, toEffects } = planOf(["0"]);
  expect(pictures).toEqual([]);
  const texts = [parseEffectText("watermark:picture=0,text=@jane")];
  expect(toEffects(texts)).toEqual({
    effects: [
      {
        name: "watermark",
        parameters: {
          picture: { kind: { $case: "input", value: 0 } },
          text: { kind: { $case: "text", value: "@jane" } },
        },
      },
    ],
    inputs: [],
  });
});

test("all files that settings may name are inputs, which no output overwrites", () => {
  const { typed } = planOf([`@${logo}`], ["a=watermark:text=@jane"]);
  expect(possiblePaths(typed)).toEqual([logo, "jane"]);
});
