import { type Effect, ImageFormat } from "@pixelmesh/proto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseBackground } from "./background.ts";
import { parseEffectText, parseVariant } from "./effect-text.ts";
import { neededServices, outputNames, parseRunFlags, type RunOptions } from "./flags.ts";
import { toPipeline } from "./pipeline.ts";

const defaults = { quality: "auto", priority: "interactive", cache: true, address: "127.0.0.1:7400" } as const;
const flagsOf = (options: Partial<RunOptions>) => parseRunFlags(["a.png"], { ...defaults, ...options });
const plain = ({ name }: { name: string }): Effect => ({ name, parameters: {} });
const pipelineOf = (options: Partial<RunOptions>) => toPipeline(flagsOf(options), plain);

/** Each step as "id(inputs)". */
const shapeOf = (options: Partial<RunOptions>) =>
  pipelineOf(options).steps.map(({ id, inputs }) => `${id}(${inputs.map(({ from }) => from?.value).join()})`);

test("steps come in the documented order, each on the one before", () => {
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

test("an upscale is by a scale or to a size, with what else was said about it", () => {
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

test("all effects are one step, in their order", () => {
  const { steps } = pipelineOf({ effect: [parseEffectText("dither"), parseEffectText("pop_art")] });
  expect(steps.map(({ operation }) => operation)).toEqual([
    { $case: "applyEffects", value: { effects: [plain({ name: "dither" }), plain({ name: "pop_art" })] } },
  ]);
});

test("a blurred background is made of the picture before it was cut out", () => {
  expect(shapeOf({ upscale: 2, background: parseBackground("blur:12") })).toEqual([
    "upscale(source)",
    "remove_background(upscale)",
    "replace_background(remove_background,upscale)",
  ]);
  expect(shapeOf({ background: parseBackground("blur:12") })[1]).toBe("replace_background(remove_background,source)");
});

test("a background picture is the second upload", () => {
  expect(shapeOf({ background: parseBackground("beach.jpg") })[1]).toBe(
    "replace_background(remove_background,background)",
  );
});

test("each variant branches off the end and is one more output", () => {
  const options = { upscale: 4, variant: [parseVariant("a=dither"), parseVariant("b=pop_art+dither")] } as const;
  expect(shapeOf(options)).toEqual(["upscale(source)", "variant_a(upscale)", "variant_b(upscale)"]);
  expect(pipelineOf(options).outputs.map(({ name, step }) => [name, step])).toEqual([
    ["result", "upscale"],
    ["a", "variant_a"],
    ["b", "variant_b"],
  ]);
});

test("with variants alone there is no further output, and they branch off the source", () => {
  const options = { variant: [parseVariant("a=dither")] };
  expect(shapeOf(options)).toEqual(["variant_a(source)"]);
  expect(outputNames(flagsOf(options))).toEqual(["a"]);
});

test("how outputs are encoded goes to all of them", () => {
  const { outputs } = pipelineOf({
    upscale: 2,
    format: "webp",
    encodeQuality: 40,
    variant: [parseVariant("a=dither")],
  });
  expect(outputs.map(({ encoding }) => encoding?.quality)).toEqual([40, 40]);
  expect(pipelineOf({ format: "webp", lossless: true }).outputs[0]?.encoding?.lossless).toBe(true);
});

test("a cut-out has the model that was named for it", () => {
  const { steps } = pipelineOf({ removeBackground: true, cutoutModel: "u2netp" });
  expect(steps[0]?.operation).toEqual({ $case: "removeBackground", value: { model: "u2netp" } });
});

test("asked for no step, a pipeline passes the picture through in the format wanted", () => {
  const { steps, outputs } = pipelineOf({ format: "webp" });
  expect(steps.map(({ operation }) => operation)).toEqual([
    { $case: "prescale", value: { maxSidePx: 0, maxPixels: 0 } },
  ]);
  expect(outputs.map(({ name, encoding }) => [name, encoding?.format])).toEqual([["result", ImageFormat.WEBP]]);
});

test("-o says the format by its ending, --format for endings that say none", () => {
  expect(flagsOf({ output: "x.JPG" }).format).toBe("jpeg");
  expect(flagsOf({ output: "x.dat", format: "png" }).format).toBe("png");
});

test("whatever is asked for, ids are unique and valid, inputs come from earlier steps, and outputs name steps", () => {
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
    fc.property(options, (given) => {
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

test("a private mesh has the services that the steps need, and no others", () => {
  const base = ["ingest", "scheduler", "storage"];
  expect(neededServices(flagsOf({ format: "png" }))).toEqual(base);
  expect(neededServices(flagsOf({ upscale: 4 }))).toEqual([...base, "upscale"]);
  expect(neededServices(flagsOf({ background: parseBackground("blur:3") }))).toEqual([...base, "background"]);
  expect(neededServices(flagsOf({ variant: [parseVariant("a=dither")] }))).toEqual([...base, "effects"]);
});
