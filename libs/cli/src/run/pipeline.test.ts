import {
  parseBackground,
  parseBackgroundColor,
  parseCutOut,
  parseEffectText,
  parsePosition,
  parseVariant,
} from "@pixelmesh/flag-values";
import { outputNames, type ToEffects, toPipeline } from "@pixelmesh/pipeline-flags";
import {
  CutOutResult,
  type Effect,
  ExistingAlpha,
  ImageFormat,
  LowConfidence,
  PictureFit,
  Refinement,
} from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { neededServices, parseRunFlags, type RunOptions } from "./flags.ts";

const defaults = { quality: "auto", priority: "interactive", cache: true, address: "127.0.0.1:7400" } as const;
const flagsOf = (options: Partial<RunOptions>) => parseRunFlags(["a.png"], { ...defaults, ...options });
const plain = ({ name }: { name: string }): Effect => ({ name, parameters: {} });
const toEffects: ToEffects = (texts) => ({ effects: texts.map(plain), inputs: [] });
const pipelineOf = (options: Partial<RunOptions>) => toPipeline(flagsOf(options), toEffects);

/** Each step as "id(inputs)". */
const shapeOf = (options: Partial<RunOptions>) =>
  pipelineOf(options).steps.map(({ id, inputs }) => `${id}(${inputs.map(({ from }) => from?.value).join()})`);

test("steps are in the documented order, each on the one before", () => {
  expect(
    shapeOf({
      effect: [parseEffectText("dither"), parseEffectText("pop_art")],
      background: parseBackground("#FFEEDD"),
      upscale: 4,
      model: "m",
      maxSide: 800,
    }),
  ).toEqual([
    "prescale(source)",
    "upscale(prescale)",
    "remove_background(upscale)",
    "replace_background(remove_background)",
    "effects(replace_background)",
  ]);
});

test("an upscale has a scale or a target, and the other upscale flags", () => {
  const upscaleOf = (options: Partial<RunOptions>) => pipelineOf(options).steps[0]?.operation?.value;
  expect(upscaleOf({ upscale: 3 })).toMatchObject({ scale: 3, model: "", target: undefined, finishing: undefined });
  expect(upscaleOf({ height: 900, model: "m", denoise: 0.5, contrast: 0.1 })).toMatchObject({
    scale: 0,
    model: "m",
    target: { widthPx: 0, heightPx: 900 },
    denoise: 0.5,
    finishing: { sharpen: 0, contrast: 0.1 },
  });
  expect(neededServices(flagsOf({ width: 900 }))).toContain("upscale");
});

test("all effects are one step, in order", () => {
  const { steps } = pipelineOf({ effect: [parseEffectText("dither"), parseEffectText("pop_art")] });
  expect(steps.map(({ operation }) => operation)).toEqual([
    { $case: "applyEffects", value: { effects: [plain({ name: "dither" }), plain({ name: "pop_art" })] } },
  ]);
});

test("a blurred background is made from the picture before the cut-out", () => {
  expect(shapeOf({ upscale: 2, background: parseBackground("blur:12") })).toEqual([
    "upscale(source)",
    "remove_background(upscale)",
    "replace_background(remove_background,upscale)",
  ]);
  expect(shapeOf({ background: parseBackground("blur:12") })[1]).toBe("replace_background(remove_background,source)");
});

test("settings of a cut-out and of a background picture reach their operations", () => {
  const { steps } = pipelineOf({
    cutOut: parseCutOut(
      "feather=2,existing_alpha=keep,refine=none,result=cut_out,min_confidence=0.7,on_low_confidence=fail",
    ),
    background: parseBackground("beach.jpg"),
    backgroundFit: "contain",
    backgroundPosition: parsePosition("0,1"),
    backgroundColor: parseBackgroundColor("navy"),
  });
  expect(steps.map(({ operation }) => operation?.value)).toEqual([
    {
      model: "",
      featherPx: 2,
      existingAlpha: ExistingAlpha.KEEP,
      refine: Refinement.NONE,
      result: CutOutResult.CUT_OUT,
      minConfidence: 0.7,
      onLowConfidence: LowConfidence.FAIL,
    },
    {
      background: {
        $case: "picture",
        value: { fit: PictureFit.CONTAIN, positionX: 0, positionY: 1, color: "#000080" },
      },
    },
  ]);
});

test("a gradient is a background, and effects may be a set", () => {
  const [, replace, effects] = pipelineOf({
    background: parseBackground("gradient:white,#d0d0d0@90"),
    effect: ["blur", "noise"].map((name) => parseEffectText(name)),
    defaultOrder: true,
  }).steps;
  const gradient = { $case: "gradient", value: { colors: ["#ffffff", "#d0d0d0"], angle: 90 } };
  expect(replace?.operation?.value).toEqual({ background: gradient });
  expect(effects?.operation?.value).toMatchObject({ defaultOrder: true });
});

test("a background picture is the second upload", () => {
  expect(shapeOf({ background: parseBackground("beach.jpg") })[1]).toBe(
    "replace_background(remove_background,background)",
  );
});

test("each variant branches off the last step and is another output", () => {
  const options = { upscale: 4, variant: [parseVariant("a=dither"), parseVariant("b=pop_art+dither")] } as const;
  expect(shapeOf(options)).toEqual(["upscale(source)", "variant_a(upscale)", "variant_b(upscale)"]);
  expect(pipelineOf(options).outputs.map(({ name, step }) => [name, step])).toEqual([
    ["result", "upscale"],
    ["a", "variant_a"],
    ["b", "variant_b"],
  ]);
});

test("variants alone branch off the source, and are the only outputs", () => {
  const options = { variant: [parseVariant("a=dither")] };
  expect(shapeOf(options)).toEqual(["variant_a(source)"]);
  expect(outputNames(flagsOf(options))).toEqual(["a"]);
});

test("encoding flags apply to every output", () => {
  const { outputs } = pipelineOf({
    upscale: 2,
    format: "webp",
    encodeQuality: 40,
    variant: [parseVariant("a=dither")],
  });
  expect(outputs.map(({ encoding }) => encoding?.quality)).toEqual([40, 40]);
  expect(pipelineOf({ format: "webp", lossless: true }).outputs[0]?.encoding?.lossless).toBe(true);
});

test("--cutout-model names the model of a cut-out", () => {
  const { steps } = pipelineOf({ removeBackground: true, cutoutModel: "u2netp" });
  expect(steps[0]?.operation).toEqual({ $case: "removeBackground", value: { model: "u2netp" } });
});

test("without steps, a pipeline writes the picture in another format", () => {
  const { steps, outputs } = pipelineOf({ format: "webp" });
  expect(steps.map(({ operation }) => operation)).toEqual([
    { $case: "prescale", value: { maxSidePx: 0, maxPixels: 0 } },
  ]);
  expect(outputs.map(({ name, encoding }) => [name, encoding?.format])).toEqual([["result", ImageFormat.WEBP]]);
});

test("the ending of -o decides the format, and --format where the ending does not", () => {
  expect(flagsOf({ output: "x.JPG" }).format).toBe("jpeg");
  expect(flagsOf({ output: "x.dat", format: "png" }).format).toBe("png");
});

test("ids are unique and valid, inputs come from earlier steps, and outputs name steps", () => {
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,31}$/).filter((text) => text !== "result");
  const options = fc.record(
    {
      maxSide: fc.integer({ min: 16, max: 16_384 }),
      upscale: fc.constantFrom(2 as const, 4 as const),
      background: fc.constantFrom("#000000", "blur:3", "b.png").map(parseBackground),
      effect: fc.constant([parseEffectText("dither")]),
      variant: fc.uniqueArray(name, { maxLength: 8 }).map((names) => names.map((it) => parseVariant(`${it}=dither`))),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(options, (some) => {
      // With a format, there is work to do without any step too.
      const given = { format: "webp" as const, ...some };
      const { steps, outputs } = pipelineOf(given);
      const ids = steps.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const [index, { id, inputs }] of steps.entries()) {
        expect(id).toMatch(/^[a-z][a-z0-9_-]{0,31}$/);
        for (const { from } of inputs) if (from?.$case === "step") expect(ids.slice(0, index)).toContain(from.value);
      }
      expect(outputs.length).toBeGreaterThan(0);
      expect(outputs.map((output) => output.name)).toEqual(outputNames(flagsOf(given)));
      for (const { step } of outputs) expect(ids).toContain(step);
    }),
  );
});

test("a private mesh has only the roles that the steps need", () => {
  const base = ["ingest", "scheduler", "storage"];
  expect(neededServices(flagsOf({ format: "png" }))).toEqual(base);
  expect(neededServices(flagsOf({ upscale: 4 }))).toEqual([...base, "upscale"]);
  expect(neededServices(flagsOf({ background: parseBackground("blur:3") }))).toEqual([...base, "background"]);
  expect(neededServices(flagsOf({ variant: [parseVariant("a=dither")] }))).toEqual([...base, "effects"]);
});
