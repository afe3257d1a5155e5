import { Model, Quality, type Step } from "@pixelmesh/proto";
import { describe, expect, test } from "vitest";
import {
  catalogue,
  cutOut,
  fromStep,
  fromUpload,
  pipeline,
  plan,
  prescale,
  sha,
  source,
  step,
  upscale,
} from "../../test/fixtures.ts";
import { stepKey } from "../operations/step-key.ts";
import type { Compression } from "../operations/upscale-auto.ts";
import { autoModelUploads } from "./auto-model-uploads.ts";

const photo = Model.create({ name: "fine-x4-photo", task: "upscale", scale: 4, digest: sha("photo"), available: true });
const known = { ...catalogue, upscaleModels: [...catalogue.upscaleModels, photo] };
const low = { jpegQuality: 30, blockiness: 1.6 };

function planWith(steps: Step[], compression: Compression | undefined, more: Parameters<typeof plan>[2] = {}) {
  const compressions = compression && new Map([["source", compression]]);
  return plan(pipeline(steps), {}, { catalogue: known, ...(compressions ? { compressions } : {}), ...more });
}
const upscaleOf = (spec: ReturnType<typeof plan>) => {
  const planned = spec.steps.find(({ service }) => service === "upscale");
  const operation = planned?.step?.operation;
  if (operation?.$case !== "upscale") throw new Error("There is no upscale step");
  return { value: operation.value, digest: planned?.modelDigest, planned };
};
const auto = () => step("up", upscale(4, "auto"));

describe("an upscale by the model `auto`", () => {
  test("of a compressed picture runs the photo model, and says why", () => {
    const spec = planWith([auto()], low);
    expect(upscaleOf(spec)).toMatchObject({ value: { scale: 4, model: "fine-x4-photo" }, digest: sha("photo") });
    expect(spec.notices).toEqual([
      {
        stepId: "up",
        kind: "model_chosen",
        text: "Model fine-x4-photo was chosen: the picture is a JPEG of about quality 30",
      },
    ]);
  });

  test("of a clean or unmeasured picture runs the default, and says so", () => {
    for (const compression of [{ blockiness: 1.01 }, undefined]) {
      const spec = planWith([auto()], compression);
      expect(upscaleOf(spec).value.model).toBe("fine-x4");
      expect(spec.notices.map(({ kind }) => kind)).toEqual(["model_chosen"]);
    }
  });

  test("has the result key of the chosen model by its name", () => {
    const keyOf = (name: string, compression?: Compression) => {
      const spec = planWith([step("up", upscale(4, name))], compression);
      const { planned } = upscaleOf(spec);
      if (!planned) throw new Error("There is no planned step");
      return stepKey(planned, [sha("input")]);
    };
    expect(keyOf("auto", low)).toBe(keyOf("fine-x4-photo"));
    expect(keyOf("auto", { blockiness: 1 })).toBe(keyOf("fine-x4"));
    expect(keyOf("photo")).toBe(keyOf("fine-x4-photo"));
    expect(keyOf("photo")).not.toBe(keyOf("fine-x4"));
  });

  test("to a size chooses by the factor that the picture's size gives", () => {
    const sized = (widthPx: number) =>
      step("up", { $case: "upscale", value: { scale: 0, model: "auto", target: { widthPx, heightPx: 0 } } });
    expect(upscaleOf(planWith([sized(2_400)], low)).value.model).toBe("fine-x4-photo");
    const spec = planWith([sized(1_000)], low);
    expect(upscaleOf(spec).value.model).toBe("fine-x2");
    expect(spec.notices[0]?.text).toContain("but no model for compressed pictures of scale 2 is available");
  });

  test("without a scale takes that of the model", () => {
    expect(upscaleOf(planWith([step("up", upscale(0, "auto"))], low))).toMatchObject({
      value: { scale: 4, model: "fine-x4-photo" },
      planned: { widthPx: 2_560, heightPx: 1_920 },
    });
  });

  test("sees the compression of the upload through steps that keep its pixels, and not after shrinking by half", () => {
    const chain = (maxSidePx: number) => [
      step("small", prescale(maxSidePx)),
      step("cut", cutOut(), fromStep("small")),
      step("up", upscale(4, "auto"), fromStep("cut")),
    ];
    expect(upscaleOf(planWith(chain(600), low)).value.model).toBe("fine-x4-photo");
    expect(upscaleOf(planWith(chain(320), low)).value.model).toBe("fine-x4");
  });

  test("counts a picture that the quality shrinks before the model", () => {
    const big = { sources: [source(6_000, 4_000)], limits: { maxOutputPixels: 1e9 } };
    const spec = plan(
      pipeline([auto()]),
      { quality: Quality.FAST },
      { catalogue: known, compressions: new Map([["source", low]]), ...big },
    );
    expect(spec.notices.at(-1)?.text).toContain("was shrunk to half its sides or less");
  });
});

test("load never degrades an upscale of a clean picture to a photo model, even a smaller one", () => {
  const sized = known.upscaleModels.map((model) => ({ ...model, sizeBytes: model === photo ? 900 : 1_000 }));
  const load = { level: 3, why: "busy" } as const;
  const more = { catalogue: { ...known, upscaleModels: sized }, load };
  const spec = plan(pipeline([step("up", upscale(4))]), { allowDegraded: true }, more);
  expect(upscaleOf(spec).value.model).toBe("fine-x4");
});

describe("the uploads of automatic models", () => {
  test("are those behind the first inputs of such steps, each once", () => {
    const steps = [
      step("a", cutOut(), fromUpload("one")),
      step("b", upscale(4, "auto"), fromStep("a")),
      step("c", upscale(4, "auto"), fromUpload("two")),
      step("d", upscale(2, "auto"), fromUpload("two")),
      step("e", upscale(4), fromUpload("three")),
    ];
    expect(autoModelUploads(pipeline(steps))).toEqual(["one", "two"]);
    expect(autoModelUploads(pipeline([step("up", upscale(4, "auto"))]))).toEqual(["source"]);
  });

  test("are none in a pipeline with a cycle or an unknown step", () => {
    const loop = [step("a", upscale(4, "auto"), fromStep("b")), step("b", cutOut(), fromStep("a"))];
    expect(autoModelUploads(pipeline(loop))).toEqual([]);
    expect(autoModelUploads(pipeline([step("a", upscale(4, "auto"), fromStep("gone"))]))).toEqual([]);
  });
});
