import { type CreateJobHeader, Model, type Pipeline, Quality } from "@pixelmesh/proto";
import { describe, expect, test } from "vitest";
import { cutOut, catalogue as known, pipeline, plan, sha, source, step, upscale } from "../../test/fixtures.ts";
import type { Load, LoadLevel } from "./load-level.ts";

const small = { name: "small-x4", task: "upscale", scale: 4, digest: sha("small-x4"), available: true, sizeBytes: 400 };
const catalogue = {
  ...known,
  upscaleModels: [
    ...known.upscaleModels.map((model) => ({ ...model, sizeBytes: model.available ? 5_000 : 100 })),
    Model.create(small),
  ],
};
const at = (level: LoadLevel): Load => ({ level, why: "work waits 12 s" });
const allowed: Partial<CreateJobHeader> = { allowDegraded: true };
const large = { sources: [source(4_000, 3_000)], catalogue, limits: { maxOutputPixels: 1e9 } };
const finished = {
  $case: "upscale",
  value: { scale: 4, model: "", finishing: { sharpen: 0.5, contrast: 0.2 } },
} as const;
const planAt = (level: LoadLevel, header: Partial<CreateJobHeader>, asked: Pipeline) =>
  plan(asked, header, { ...large, load: at(level) });
const up = pipeline([step("up", finished)]);

describe("under load", () => {
  test.each([
    [1, "1536x1152", ["size"]],
    [2, "1024x768", ["size", "finishing"]],
    [3, "1024x768", ["size", "finishing", "model"]],
  ] as const)("at level %i pictures enter models at %s, and every degradation is listed", (level, to, kinds) => {
    const spec = planAt(level, allowed, up);
    expect(spec.adaptations.map(({ kind }) => kind)).toEqual(kinds);
    expect(spec.adaptations[0]).toEqual({
      stepId: "prescale",
      kind: "size",
      from: "4000x3000",
      to,
      why: "work waits 12 s",
    });
    const operation = spec.steps.find((planned) => planned.step?.id === "up")?.step?.operation;
    const { finishing, model } = (operation?.$case === "upscale" ? operation.value : {}) as { [key: string]: unknown };
    expect(finishing === undefined).toBe(level >= 2);
    expect(model).toBe(level === 3 ? "small-x4" : "fine-x4");
    expect(spec.steps.at(-1)?.modelDigest).toBe(sha(level === 3 ? "small-x4" : "fine-x4"));
  });

  test("a request that does not allow degradation, or names a quality, is not degraded", () => {
    for (const header of [
      {},
      { ...allowed, quality: Quality.HIGH },
      { allowDegraded: false, quality: Quality.AUTO },
    ] satisfies Partial<CreateJobHeader>[]) {
      const spec = planAt(3, header, up);
      expect(spec.adaptations).toEqual([]);
      expect(spec.steps.map((planned) => planned.step?.id)).toEqual(["up"]);
      expect(spec.steps[0]?.step?.operation).toEqual({ ...finished, value: { ...finished.value, model: "fine-x4" } });
    }
    // The caller asked for a quality that shrinks: no adaptation.
    expect(planAt(3, { ...allowed, quality: Quality.FAST }, up).adaptations).toEqual([]);
  });

  test("a result is never smaller than its picture, and a cut-out keeps its size", () => {
    const sources = [source(3_840, 2_160)];
    for (const level of [1, 2, 3] as const) {
      const more = { ...large, sources, load: at(level) };
      const doubled = plan(pipeline([step("up", upscale(2))]), allowed, more);
      expect(doubled.steps.at(-1)).toMatchObject({ widthPx: 3_840, heightPx: 2_160 });
      expect(doubled.adaptations[0]).toMatchObject({ kind: "size", from: "3840x2160", to: "1920x1080" });
      const cut = plan(pipeline([step("cut", cutOut())]), allowed, more);
      expect(cut.steps.map(({ widthPx, heightPx }) => [widthPx, heightPx])).toEqual([[3_840, 2_160]]);
      expect(cut.adaptations).toEqual([]);
    }
  });

  test("a named model and a picture that fits are not degraded", () => {
    const named = planAt(3, allowed, pipeline([step("up", upscale(4, "fine-x4"))]));
    expect(named.adaptations.map(({ kind }) => kind)).toEqual(["size"]);
    const fits = plan(pipeline([step("up", upscale(4)), step("cut", cutOut())]), allowed, {
      ...large,
      sources: [source(640, 480)],
      load: at(2),
    });
    expect(fits.adaptations).toEqual([]);
  });

  test("the default runs where no smaller model of the scale is available", () => {
    const spec = plan(up, allowed, { ...large, catalogue: known, load: at(3) });
    expect(spec.adaptations.map(({ kind }) => kind)).toEqual(["size", "finishing"]);
  });
});
