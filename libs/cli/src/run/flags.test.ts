import {
  parseBackground,
  parseBackgroundColor,
  parseEffectText,
  parsePosition,
  parseVariant,
} from "@pixelmesh/flag-values";
import { toEffect, withSharedModel } from "@pixelmesh/pipeline-flags";
import { EffectDescription, Model, ParameterType } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { parseRunFlags, type RunOptions } from "./flags.ts";

test("the settings of an effect are read as text", () => {
  expect(parseEffectText("dither")).toEqual({ name: "dither", settings: {} });
  expect(parseEffectText("preset:vhs")).toEqual({ name: "preset:vhs", settings: {} });
  expect(parseEffectText("dither:dark=#102030,levels=4")).toEqual({
    name: "dither",
    settings: { dark: "#102030", levels: "4" },
  });
});

test.each(["", ":a=1", "dither:", "dither:levels", "Dither", "dither:levels=2,levels=3", "dither:=4"])(
  "the effect `%s` is refused with flag, form and value",
  (text) => expect(() => parseEffectText(text)).toThrow(/^Expected `--effect` to be .*, got `/),
);

test.each(["", "dither", "=dither", "A=dither", "a=", "a=dither+", `${"a".repeat(33)}=dither`])(
  "the variant `%s` is refused with flag, form and value",
  (text) => expect(() => parseVariant(text)).toThrow(/^Expected `--variant` to be .*, got `/),
);

test.each(["", "-", "#ff", "#fff8", "#12345g", "blur:", "blur:0", "blur:101", "blur:x"])(
  "the background `%s` is refused",
  (text) => expect(() => parseBackground(text)).toThrow(/^Expected `--background` to be .*, got `/),
);

test.each([
  "gradient:",
  "gradient:white",
  "gradient:white,nocolour",
  "gradient:white,black@",
  "gradient:white,black@361",
  "gradient:white,#00000080",
])("the gradient `%s` is refused with its form", (text) =>
  expect(() => parseBackground(text)).toThrow("gradient:COLOUR,COLOUR,… of 2 to 8 colours"),
);

test("a background is a gradient from top to bottom, or at an angle", () => {
  expect(parseBackground("gradient:white,#abc,red")).toEqual({
    kind: "gradient",
    colors: ["#ffffff", "#aabbcc", "#ff0000"],
    angle: 180,
  });
  expect(parseBackground("gradient:white,black@22.5")).toMatchObject({ angle: 22.5 });
});

test("options of a background picture need one", () => {
  for (const background of [undefined, parseBackground("white")])
    expect(() =>
      parse(["a.png"], { ...(background && { background }), removeBackground: true, backgroundFit: "tile" }),
    ).toThrow("Expected `--background-fit` beside `--background PICTURE`");
  expect(() => parsePosition("0,2")).toThrow("Expected `--background-position` to be X,Y");
  expect(() => parseBackgroundColor("#12345678")).toThrow("Expected `--background-color` to be an opaque colour");
});

test("a matte has no background", () => {
  const options = { cutOut: { result: "matte" }, background: parseBackground("white") } as const;
  expect(() => parse(["a.png"], options)).toThrow("Expected `--cut-out result=matte` without `--background`");
});

test("--cut-out cuts out", () => {
  expect(parse(["a.png"], { cutOut: { featherPx: 2 } })).toMatchObject({
    removeBackground: true,
    cutOut: { featherPx: 2 },
  });
});

test("a background is a colour, a blur or a path", () => {
  expect(parseBackground("#FFaa00")).toEqual({ kind: "color", color: "#ffaa00" });
  expect(parseBackground("#fa0")).toEqual({ kind: "color", color: "#ffaa00" });
  expect(parseBackground("RebeccaPurple")).toEqual({ kind: "color", color: "#663399" });
  expect(parseBackground("./red")).toEqual({ kind: "picture", path: "./red" });
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

const noPicture = (path: string) => expect.fail(`Expected no picture, got ${path}`);

test("a comma in a text is written after a backslash", () => {
  const { settings } = parseEffectText("watermark:text=Jane\\, 2026,size=30");
  expect(settings).toEqual({ text: "Jane, 2026", size: "30" });
});

test("a setting has the type that the catalogue gives it", () => {
  const text = parseEffectText("dither:levels=4,strength=.5,serpentine=false,dark=#000000,method=bayer8");
  expect(toEffect(text, catalogue, noPicture)).toEqual({
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

test("colours are read as CSS writes them", () => {
  const darkOf = (text: string) =>
    toEffect(parseEffectText(`dither:dark=${text}`), catalogue, noPicture).parameters.dark;
  for (const [text, value] of [
    ["#ABC", "#aabbcc"],
    ["navy", "#000080"],
    ["#123456", "#123456"],
    ["bleu", "bleu"],
  ] as const)
    expect(darkOf(text)).toEqual({ kind: { $case: "color", value } });
});

test.each(["constructor", "valueof", "hasown"])("the setting `%s` is one like any other", (name) => {
  const { parameters } = toEffect(parseEffectText(`dither:${name}=1`), catalogue, noPicture);
  expect(Object.keys(parameters)).toEqual([name]);
});

test("an unknown setting, or one of a wrong type, goes to the mesh as text and is refused there", () => {
  const asText = (value: string) => ({ kind: { $case: "text", value } });
  expect(
    toEffect(parseEffectText("dither:levels=many,serpentine=yes,size=3"), catalogue, noPicture).parameters,
  ).toEqual({
    levels: asText("many"),
    serpentine: asText("yes"),
    size: asText("3"),
  });
  expect(toEffect(parseEffectText("swirl:turns=2"), catalogue, noPicture)).toEqual({
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

test("flags that exclude each other are refused", () => {
  expect(() => parse(["a.png"], { model: "m" })).toThrow(/^Expected `--model` to be given with --upscale/);
  expect(() => parse(["a.png"], { cutoutModel: "m", upscale: 2 })).toThrow(
    /^Expected `--cutout-model` to be given with/,
  );
  expect(() => parse(["a.png"], { upscaleModel: "m", removeBackground: true })).toThrow(
    "`--upscale-model` to be given",
  );
  const both = { upscale: 2, removeBackground: true, upscaleModel: "a", cutoutModel: "b" } as const;
  expect(() => parse(["a.png"], { ...both, model: "c" })).toThrow("Expected one model for each operation");
  expect(() => parse(["a.png"], { lossless: true, format: "jpeg" })).toThrow(
    "Expected `--lossless` with png, webp or auto",
  );
  expect(() => parse(["a.png"], { encodeQuality: 9, format: "png" })).toThrow(
    "Expected `--encode-quality` with a lossy format",
  );
  expect(() => parse(["-", "-"], { upscale: 2 })).toThrow("there is one standard input");
  expect(() => parse(["a.png"], { upscale: 2, output: "-", json: true })).toThrow("Expected `--json` without `-o`");
  expect(() => parse(["a.png"], { sharpen: 0.5 })).toThrow(/^Expected `--sharpen` to be given with --upscale/);
  expect(() => parse(["a.png"], { upscale: 2, width: 900 })).toThrow("Expected --upscale, or --width and --height");
  const twice = [parseVariant("v=dither"), parseVariant("v=pop_art")];
  expect(() => parse(["a.png"], { variant: twice })).toThrow(/^Expected `--variant` to be named once each/);
  expect(() => parse(["a.png"], { variant: [parseVariant("result=dither")] })).toThrow("got `result`");
});

test("a command without work is refused; another format is work", () => {
  expect(() => parse(["a.png"], {})).toThrow(/^Expected something to do: --upscale/);
  expect(() => parse(["a.png"], { outDir: "out", quality: "high" })).toThrow(/^Expected something to do/);
  for (const options of [{ format: "webp" }, { output: "x.webp" }, { encodeQuality: 5 }, { lossless: true }] as const)
    expect(parse(["a.png"], options).pictures).toEqual(["a.png"]);
});

test.each(["x.gif", "x.tiff", "x.BMP", "x.jpgg", "dir.png/x.heic", "x.txt"])(
  "an output `%s` is refused by its ending",
  (output) =>
    expect(() => parse(["a.png"], { upscale: 2, output })).toThrow(/^Expected `-o` to be a name that ends with/),
);

test("the ending of an output must agree with --format, and other endings need --format", () => {
  expect(() => parse(["a.png"], { output: "x.jpg", format: "png" })).toThrow("Expected `-o` to end as `--format png`");
  expect(() => parse(["a.png"], { output: "x.gif", format: "png" })).toThrow("a name that ends with");
  expect(() => parse(["a.png"], { upscale: 2, output: "x.pngg" })).toThrow("Did you mean `.png`?");
  expect(parse(["a.png"], { output: "x.jpe", format: "auto" }).format).toBe("jpeg");
  expect(parse(["a.png"], { output: "x.part", format: "png" }).format).toBe("png");
  expect(parse(["a.png"], { upscale: 2, output: "x" }).format).toBe("auto");
  expect(parse(["a.png"], { upscale: 2, output: "/dev/fd/3" }).format).toBe("auto");
});

test("--model applies to the operation that the flags ask for, and each operation can have its own model", () => {
  const modelsOf = (options: Partial<RunOptions>) => {
    const { upscale, cutoutModel, sharedModel } = parse(["a.png"], options);
    return [upscale?.model, cutoutModel, sharedModel];
  };
  expect(modelsOf({ upscale: 2, model: "a" })).toEqual(["a", "", undefined]);
  expect(modelsOf({ removeBackground: true, model: "a" })).toEqual([undefined, "a", undefined]);
  expect(modelsOf({ upscale: 2, removeBackground: true, upscaleModel: "a", cutoutModel: "b" })).toEqual([
    "a",
    "b",
    undefined,
  ]);
  expect(modelsOf({ upscale: 2, removeBackground: true, upscaleModel: "a", model: "b" })).toEqual([
    "a",
    "b",
    undefined,
  ]);
  expect(modelsOf({ upscale: 2, removeBackground: true, model: "a" })).toEqual(["", "", "a"]);
});

test("a shared model goes to the operation of its task", () => {
  const flags = parse(["a.png"], { upscale: 2, removeBackground: true, model: "m" });
  const model = (task: string) => [Model.fromPartial({ name: "m", task })];
  expect(withSharedModel(flags, model("matte"))).toMatchObject({ cutoutModel: "m", upscale: { model: "" } });
  expect(withSharedModel(flags, model("upscale"))).toMatchObject({ cutoutModel: "", upscale: { model: "m" } });
  expect(withSharedModel(flags, [])).toMatchObject({ upscale: { model: "m" } });
});

test("--background cuts out as well", () => {
  expect(parse(["a.png"], { background: parseBackground("#000000") }).removeBackground).toBe(true);
});
