import { EffectDescription, ParameterType } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { parseBackground } from "./background.ts";
import { parseEffectText, parseVariant } from "./effect-text.ts";
import { parseRunFlags, type RunOptions } from "./flags.ts";
import { toEffect } from "./to-effect.ts";

test("an effect's settings are read as text, name by name", () => {
  expect(parseEffectText("dither")).toEqual({ name: "dither", settings: {} });
  expect(parseEffectText("dither:dark=#102030,levels=4")).toEqual({
    name: "dither",
    settings: { dark: "#102030", levels: "4" },
  });
});

test.each(["", ":a=1", "dither:", "dither:levels", "Dither", "dither:levels=2,levels=3", "dither:=4"])(
  "the effect `%s` is refused by flag, form and what was given",
  (text) => expect(() => parseEffectText(text)).toThrow(/^Expected `--effect` to be .*, got `/),
);

test.each(["", "dither", "=dither", "A=dither", "a=", "a=dither+", `${"a".repeat(33)}=dither`])(
  "the variant `%s` is refused by flag, form and what was given",
  (text) => expect(() => parseVariant(text)).toThrow(/^Expected `--variant` to be .*, got `/),
);

test.each(["", "#fff", "#12345g", "blur:", "blur:0", "blur:101", "blur:x"])("the background `%s` is refused", (text) =>
  expect(() => parseBackground(text)).toThrow(/^Expected `--background` to be .*, got `/),
);

test("a background is a colour, a blur or else a path", () => {
  expect(parseBackground("#FFaa00")).toEqual({ kind: "color", color: "#ffaa00" });
  expect(parseBackground("blur:0.3")).toEqual({ kind: "blur", sigmaPx: 0.3 });
  expect(parseBackground("blur.png")).toEqual({ kind: "picture", path: "blur.png" });
});

const catalogue = [
  EffectDescription.fromPartial({
    name: "dither",
    parameters: [
      { name: "levels", type: ParameterType.INTEGER },
      { name: "strength", type: ParameterType.NUMBER },
      { name: "serpentine", type: ParameterType.FLAG },
      { name: "dark", type: ParameterType.COLOR },
      { name: "method", type: ParameterType.CHOICE },
    ],
  }),
];

test("a setting has the type that the catalogue gives it", () => {
  const text = parseEffectText("dither:levels=4,strength=.5,serpentine=false,dark=#000000,method=bayer8");
  expect(toEffect(text, catalogue)).toEqual({
    name: "dither",
    parameters: {
      levels: { kind: { $case: "number", value: 4 } },
      strength: { kind: { $case: "number", value: 0.5 } },
      serpentine: { kind: { $case: "flag", value: false } },
      dark: { kind: { $case: "color", value: "#000000" } },
      method: { kind: { $case: "text", value: "bayer8" } },
    },
  });
});

test("what is unknown or not of its type goes to the mesh as it was written, to be refused there", () => {
  const asText = (value: string) => ({ kind: { $case: "text", value } });
  expect(toEffect(parseEffectText("dither:levels=many,serpentine=yes,size=3"), catalogue).parameters).toEqual({
    levels: asText("many"),
    serpentine: asText("yes"),
    size: asText("3"),
  });
  expect(toEffect(parseEffectText("swirl:turns=2"), catalogue)).toEqual({
    name: "swirl",
    parameters: { turns: asText("2") },
  });
});

const defaults = { quality: "auto", priority: "interactive", cache: true, address: "127.0.0.1:7400" } as const;
const parse = (pictures: string[], options: Partial<RunOptions>) =>
  parseRunFlags(pictures, { ...defaults, ...options });

test("-o is for one output only", () => {
  expect(() => parse(["a.png", "b.png"], { output: "x.png" })).toThrow(
    /^Expected `-o` to be used with one output; there are 2/,
  );
  expect(() => parse(["a.png"], { upscale: 2, variant: [parseVariant("v=dither")], output: "x.png" })).toThrow(
    "there are 2",
  );
  expect(() => parse(["a.png"], { output: "x.png", outDir: "out" })).toThrow("Expected one of `-o` and `--out-dir`");
  expect(parse(["a.png"], { output: "x.png" }).outputFile).toBe("x.png");
});

test("flags that mean nothing together are refused", () => {
  expect(() => parse(["a.png"], { model: "m" })).toThrow(/^Expected `--model` to be given with --upscale/);
  expect(() => parse(["a.png"], { sharpen: 0.5 })).toThrow(/^Expected `--sharpen` to be given with --upscale/);
  expect(() => parse(["a.png"], { upscale: 2, width: 900 })).toThrow("Expected --upscale, or --width and --height");
  const twice = [parseVariant("v=dither"), parseVariant("v=pop_art")];
  expect(() => parse(["a.png"], { variant: twice })).toThrow(/^Expected `--variant` to be named once each/);
  expect(() => parse(["a.png"], { variant: [parseVariant("result=dither")] })).toThrow("got `result`");
});

test("--background cuts out as well", () => {
  expect(parse(["a.png"], { background: parseBackground("#000000") }).removeBackground).toBe(true);
});
