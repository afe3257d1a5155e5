import { AppError } from "@pixelmesh/errors";
import { ImageFormat, type Pipeline, Step } from "@pixelmesh/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acyclicPipelines } from "../../test/arbitraries.ts";
import {
  blur,
  catalogue,
  cutOut,
  effects,
  fromStep,
  fromUpload,
  pipeline,
  prescale,
  step,
  upscale,
} from "../../test/fixtures.ts";
import { validatePipeline } from "./validate-pipeline.ts";

function refusal(asked: Pipeline, uploads = ["source"]): AppError {
  try {
    validatePipeline(asked, uploads, catalogue);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("It was accepted");
}

const ditherWith = (parameters: Record<string, { kind: never }>) =>
  pipeline([step("a", { $case: "applyEffects", value: { effects: [{ name: "dither", parameters }] } })]);
const value = ($case: string, given: unknown) => ({ kind: { $case, value: given } as never });

describe("a pipeline's shape", () => {
  test("a chain, a fan-out and a fan-in are accepted", () => {
    const asked = pipeline(
      [
        step("up", upscale(4)),
        step("cut", cutOut()),
        step("a", effects("grey"), fromStep("cut")),
        step("b", blur(3), fromStep("cut"), fromStep("up")),
      ],
      [
        { name: "a", step: "a" },
        { name: "b", step: "b", format: ImageFormat.JPEG },
      ],
    );
    expect(() => validatePipeline(asked, ["source"], catalogue)).not.toThrow();
  });

  test.each<[string, Pipeline, string]>([
    ["no steps", pipeline([]), "Expected `pipeline.steps` to be a list of 1 to 64 steps, got `0`"],
    ["65 steps", pipeline(Array.from({ length: 65 }, (_, i) => step(`s${i}`, effects("grey")))), "got `65`"],
    [
      "65 outputs",
      pipeline(
        [step("a", effects("grey"))],
        Array.from({ length: 65 }, (_, i) => ({ name: `o${i}` })),
      ),
      "at most 64 outputs, got `65`",
    ],
    ["a bad id", pipeline([step("A b", effects("grey"))]), "Expected `pipeline.steps[0].id`"],
    [
      "a repeated id",
      pipeline([step("a", effects("grey")), step("a", effects("grey"))]),
      "Expected `pipeline.steps[1].id` to be unique among the steps, got `a`",
    ],
    [
      "a bad output name",
      pipeline([step("a", effects("grey"))], [{ name: "../x" }]),
      "Expected `pipeline.outputs[0].name`",
    ],
    [
      "a repeated output name",
      pipeline([step("a", effects("grey"))], [{ name: "x" }, { name: "x" }]),
      "`pipeline.outputs[1].name` to be unique",
    ],
    [
      "an output of no step",
      pipeline([step("a", effects("grey"))], [{ name: "x", step: "b" }]),
      "Expected `pipeline.outputs[0].step` to be the id of a step, got `b`",
    ],
    [
      "a dangling step",
      pipeline([step("a", effects("grey"), fromStep("b"))]),
      "Expected `pipeline.steps[0].inputs[0].step` to be the id of a step, got `b`",
    ],
    [
      "a dangling upload",
      pipeline([step("a", effects("grey"), fromUpload("b"))]),
      "the name of an uploaded picture (source), got `b`",
    ],
    [
      "an input from nowhere",
      pipeline([step("a", effects("grey"), { from: undefined })]),
      "`pipeline.steps[0].inputs[0]` to be a step or an upload",
    ],
    [
      "too few inputs",
      pipeline([step("a", cutOut()), step("b", blur(2))]),
      "Expected `pipeline.steps[1].inputs` to be 2 pictures (cut-out, original picture), got `1`",
    ],
    [
      "too many inputs",
      pipeline([step("a", cutOut(), fromUpload("source"), fromUpload("source"))]),
      "to be 1 picture (picture), got `2`",
    ],
    [
      "a step that takes from itself",
      pipeline([step("a", effects("grey"), fromStep("a"))]),
      "without cycles, got a → a",
    ],
    [
      "a cycle by a default input",
      pipeline([step("a", effects("grey"), fromStep("b")), step("b", effects("grey"))]),
      "a → b → a",
    ],
  ])("%s is INVALID_PIPELINE, and the error names the field", (_, asked, text) => {
    const error = refusal(asked);
    expect(error.reason).toBe("INVALID_PIPELINE");
    expect(error.message).toContain(text);
    expect(error.fields).toHaveLength(1);
  });

  test("a step without an operation is UNKNOWN_OPERATION with the known names", () => {
    const error = refusal(pipeline([Step.create({ id: "a" })]));
    expect(error.reason).toBe("UNKNOWN_OPERATION");
    expect(error.metadata.known).toBe(
      "prescale,upscale,remove_background,replace_background,apply_effects,remote_model",
    );
  });

  test("every acyclic pipeline of up to 64 steps is accepted", () => {
    fc.assert(
      fc.property(acyclicPipelines(64), (asked) => validatePipeline(asked, ["source"], catalogue)),
      { numRuns: 60 },
    );
  });

  test("every cyclic pipeline is refused, and the error names a cycle of it", () => {
    const rings = fc.record({
      base: acyclicPipelines(24),
      ring: fc.uniqueArray(fc.nat(23), { minLength: 1, maxLength: 24 }),
    });
    fc.assert(
      fc.property(rings, ({ base, ring }) => {
        const ids = ring.filter((index) => index < base.steps.length).map((index) => `s${index}`);
        fc.pre(ids.length > 0);
        const steps = base.steps.map((item) => {
          const at = ids.indexOf(item.id);
          return at < 0 ? item : step(item.id, effects("grey"), fromStep(ids[(at + 1) % ids.length] ?? ""));
        });
        const error = refusal({ ...base, steps });
        expect(error.reason).toBe("INVALID_PIPELINE");
        const named = /got (.+)$/.exec(error.message)?.[1]?.split(" → ") ?? [];
        expect(named.length).toBeGreaterThan(1);
        expect(named.at(0)).toBe(named.at(-1));
        for (const [index, id] of named.slice(1).entries()) {
          const inputs = steps.find((item) => item.id === id)?.inputs;
          expect(inputs).toContainEqual(fromStep(named[index] ?? ""));
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("a step's fields", () => {
  test.each<[Pipeline, string, string]>([
    [
      pipeline([step("a", effects("grey")), step("b", effects("grey")), step("c", upscale(5))]),
      "pipeline.steps[2].upscale.scale",
      "Expected `pipeline.steps[2].upscale.scale` to be an integer from 2 to 4, or 0 for the target's or the model's own scale, got `5`",
    ],
    [
      pipeline([
        step("a", { $case: "upscale", value: { scale: 4, model: "", target: { widthPx: 900, heightPx: 0 } } }),
      ]),
      "pipeline.steps[0].upscale.scale",
      "to be 0 beside a target, got `4`",
    ],
    [
      pipeline([step("a", { $case: "upscale", value: { scale: 0, model: "", target: { widthPx: 0, heightPx: 0 } } })]),
      "pipeline.steps[0].upscale.target",
      "to be a width, a height or both, got `neither`",
    ],
    [
      pipeline([step("a", { $case: "upscale", value: { scale: 0, model: "fine-x4", denoise: 0.5 } })]),
      "pipeline.steps[0].upscale.denoise",
      "to be left out, because model `fine-x4` has no pair to mix it with, got `0.5`",
    ],
    [
      pipeline([step("a", prescale(15))]),
      "pipeline.steps[0].prescale.max_side_px",
      "from 16 to 16384, or 0 for no bound, got `15`",
    ],
    [
      pipeline([step("a", prescale(0, 255))]),
      "pipeline.steps[0].prescale.max_pixels",
      "at least 256, or 0 for no bound, got `255`",
    ],
    [
      pipeline([step("a", blur(0.2), fromUpload("source"), fromUpload("source"))]),
      "pipeline.steps[0].replace_background.blur_sigma_px",
      "from 0.3 to 100, got `0.2`",
    ],
    [
      pipeline([step("a", { $case: "replaceBackground", value: { background: undefined } })]),
      "pipeline.steps[0].replace_background.background",
      "got `nothing`",
    ],
    [pipeline([step("a", effects())]), "pipeline.steps[0].apply_effects.effects", "1 to 16 effects, got `0`"],
    [
      pipeline([step("a", effects("grey"))], [{ name: "x", format: ImageFormat.GIF }]),
      "pipeline.outputs[0].encoding.format",
      "got `GIF`",
    ],
    [
      ditherWith({ levels: value("number", 17) }),
      "pipeline.steps[0].apply_effects.effects[0].parameters.levels",
      "to be an integer from 2 to 16, got `17`",
    ],
    [
      ditherWith({ levels: value("number", 2.5) }),
      "pipeline.steps[0].apply_effects.effects[0].parameters.levels",
      "got `2.5`",
    ],
    [
      ditherWith({ strength: value("number", Number.NaN) }),
      "pipeline.steps[0].apply_effects.effects[0].parameters.strength",
      "a number from 0 to 1",
    ],
    [
      ditherWith({ palette: value("text", "vga") }),
      "pipeline.steps[0].apply_effects.effects[0].parameters.palette",
      "one of mono, cga, got `vga`",
    ],
    [
      ditherWith({ serpentine: value("text", "yes") }),
      "pipeline.steps[0].apply_effects.effects[0].parameters.serpentine",
      "true or false, got `yes`",
    ],
    [
      ditherWith({ ink: value("color", "#12345678") }),
      "pipeline.steps[0].apply_effects.effects[0].parameters.ink",
      "got `#12345678`",
    ],
    [
      ditherWith({ lvls: value("number", 2), x: value("flag", true) }),
      "pipeline.steps[0].apply_effects.effects[0].parameters",
      "parameters of `dither` (levels, strength, palette, serpentine, ink, paper), got `lvls, x`",
    ],
  ])(
    "a value out of range is INVALID_ARGUMENT with the field, the expected range and the value (%#)",
    (asked, field, text) => {
      const error = refusal(asked);
      expect(error.reason).toBe("INVALID_ARGUMENT");
      expect(error.fields.map((violation) => violation.field)).toEqual([field]);
      expect(error.message).toContain(text);
    },
  );

  test.each<[Pipeline, string, string]>([
    [pipeline([step("a", upscale(4, "nope"))]), "UNKNOWN_MODEL", "anime-x4,fine-x2,fine-x4,missing-x4"],
    [pipeline([step("a", upscale(0, "salient"))]), "UNKNOWN_MODEL", "anime-x4,fine-x2,fine-x4,missing-x4"],
    [pipeline([step("a", cutOut("nope"))]), "UNKNOWN_MODEL", "portrait,salient"],
    [pipeline([step("a", effects("grey", "nope"))]), "UNKNOWN_EFFECT", "dither,grey"],
    [pipeline([step("a", upscale(4, "missing-x4"))]), "MODEL_UNAVAILABLE", "anime-x4,fine-x2,fine-x4"],
  ])("an unknown or unavailable name is refused with the known names (%#)", (asked, reason, known) => {
    const error = refusal(asked);
    expect(error.reason).toBe(reason);
    expect(error.metadata.known).toBe(known);
  });

  test("two uploads of one name are refused", () => {
    expect(refusal(pipeline([step("a", effects("grey"))]), ["source", "source"]).message).toContain(
      "unique among the uploads",
    );
  });
});
