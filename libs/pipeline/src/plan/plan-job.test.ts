import { AppError } from "@pixelmesh/errors";
import {
  CreateJobHeader,
  ImageFormat,
  type JobSpec,
  Pipeline,
  type PlannedStep,
  Priority,
  Quality,
  type Step,
} from "@pixelmesh/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { acyclicPipelines } from "../../test/arbitraries.ts";
import {
  cutOut,
  effects,
  fromStep,
  fromUpload,
  pipeline,
  plan,
  sha,
  source,
  step,
  upscale,
} from "../../test/fixtures.ts";
import { rateKeyOf } from "../estimates/expected-cost.ts";
import { createMeasuredRates } from "../estimates/measured-rates.ts";
import { requestDigest } from "./request-header.ts";

const ids = (spec: JobSpec) => spec.steps.map((planned) => planned.step?.id);

describe("planning", () => {
  test("every default of the shortest request is filled in", () => {
    const spec = plan(Pipeline.create({ steps: [step("up", upscale(0)), step("fx", effects("dither"))] }));
    expect(spec).toMatchObject({
      priority: Priority.INTERACTIVE,
      quality: Quality.AUTO,
      outputs: [{ name: "result", step: "fx", encoding: { format: ImageFormat.AUTO, background: "#ffffff" } }],
      adaptations: [],
      notices: [],
    });
    expect(spec.steps[0]).toMatchObject({
      step: { inputs: [fromUpload("source")], operation: upscale(4, "fine-x4") },
      service: "upscale",
      modelDigest: sha("fine-x4"),
      widthPx: 2560,
      heightPx: 1920,
      expectedMs: 0,
    });
    expect(spec.steps[1]).toMatchObject({ step: { inputs: [fromStep("up")] }, service: "effects", modelDigest: "" });
    const operation = spec.steps[1]?.step?.operation;
    expect(operation?.$case === "applyEffects" && Object.keys(operation.value.effects[0]?.parameters ?? {})).toEqual([
      "ink",
      "levels",
      "palette",
      "paper",
      "serpentine",
      "strength",
    ]);
  });

  test("models are the default of their scale unless named", () => {
    const named = plan(pipeline([step("a", upscale(0, "anime-x4")), step("b", cutOut("portrait"))]));
    expect(named.steps.map((planned) => planned.modelDigest)).toEqual([sha("anime-x4"), sha("portrait")]);
    const byDefault = plan(pipeline([step("a", upscale(2)), step("b", cutOut())]));
    expect(byDefault.steps.map((planned) => planned.step?.operation)).toEqual([
      upscale(2, "fine-x2"),
      cutOut("salient"),
    ]);
  });

  test("every operation goes to its role", () => {
    const replace = {
      $case: "replaceBackground",
      value: { background: { $case: "color", value: "#FF0000" } },
    } as const;
    const spec = plan(
      pipeline([
        step("p", { $case: "prescale", value: { maxSidePx: 64, maxPixels: 0 } }),
        step("u", upscale(2)),
        step("c", cutOut()),
        step("r", replace),
        step("e", effects("grey")),
      ]),
    );
    expect(spec.steps.map((planned) => planned.service)).toEqual([
      "ingest",
      "upscale",
      "background",
      "background",
      "effects",
    ]);
    expect(spec.steps[3]?.step?.operation).toEqual({
      $case: "replaceBackground",
      value: { background: { $case: "color", value: "#ff0000" } },
    });
  });

  test("a step that leads to no output is left out, with a notice", () => {
    const spec = plan(pipeline([step("a", effects("grey")), step("b", effects("dither"))], [{ name: "x", step: "a" }]));
    expect(ids(spec)).toEqual(["a"]);
    expect(spec.notices).toEqual([
      { stepId: "b", kind: "unused_step", text: "Step b leads to no output and was left out" },
    ]);
  });

  test("the revision of a chain follows the effects in it", () => {
    const revision = (...names: string[]) => plan(pipeline([step("a", effects(...names))])).steps[0]?.operationRevision;
    expect(
      new Set([revision("grey"), revision("dither"), revision("grey", "dither"), revision("dither", "grey")]).size,
    ).toBe(4);
    expect(revision("grey")).toBeGreaterThanOrEqual(0);
    expect(revision("grey")).toBeLessThan(2 ** 31);
  });

  test("an upscale to a size takes the model of the nearest scale, also behind a prescale", () => {
    const to = (widthPx: number, more = {}) =>
      plan(
        pipeline([step("up", { $case: "upscale", value: { scale: 0, model: "", target: { widthPx, heightPx: 0 } } })]),
        more,
        { sources: [source(1500, 1000)] },
      ).steps.at(-1);
    const planned = (widthPx: number, more = {}) => {
      const { step: resolved, ...fields } = to(widthPx, more) as PlannedStep;
      return { ...resolved?.operation?.value, size: [fields.widthPx, fields.heightPx], digest: fields.modelDigest };
    };
    const target = (widthPx: number) => ({ widthPx, heightPx: 0 });
    expect(planned(3300)).toEqual({
      scale: 0,
      model: "fine-x2",
      target: target(3300),
      size: [3300, 2200],
      digest: sha("fine-x2"),
    });
    expect(planned(4800)).toMatchObject({ model: "fine-x4", size: [4800, 3200], digest: sha("fine-x4") });
    expect(planned(3300, { quality: Quality.FAST })).toMatchObject({ model: "fine-x4", size: [3300, 2201] });
    expect(() => to(1500)).toThrow("Expected `up.upscale.target.width_px` to be larger than the picture of 1500x1000");
    expect(() => to(15_000)).toThrow("Step `up` would make a picture of 15000×10000");
    expect(() => to(4000, { maxOutputPixels: 10_000_000 })).toThrow("above 10000000 pixels");
  });

  test("expected times come from measured rates", () => {
    const rates = createMeasuredRates();
    const asked = pipeline([step("a", upscale(4)), step("b", cutOut())]);
    const [first] = plan(asked).steps;
    // Assumed: 50 + 5,000 ms for one megapixel. It took a tenth.
    if (first?.step) rates.observe(rateKeyOf(first.step), "cpu", 1, 505);
    const spec = plan(asked, {}, { rates, sources: [source(1000, 500)] });
    expect(spec.steps.map((planned) => planned.expectedMs)).toEqual([expect.closeTo(255, 6), 0]);
  });

  test("the plan of an acyclic pipeline is its needed steps in topological order", () => {
    fc.assert(
      fc.property(acyclicPipelines(64), (asked) => {
        const spec = plan(asked);
        const seen = new Set<string>();
        for (const { step: planned } of spec.steps) {
          for (const { from } of planned?.inputs ?? []) if (from?.$case === "step") expect(seen).toContain(from.value);
          seen.add(planned?.id ?? "");
        }
        expect([...seen].sort()).toEqual(ancestorsOfOutputs(asked));
        expect(spec.steps).toHaveLength(seen.size);
      }),
      { numRuns: 60 },
    );
  });

  test("a pipeline in order keeps its order", () => {
    const steps = ["d", "a", "c", "b"].map((id) => step(id, effects("grey"), fromUpload("source")));
    expect(
      ids(
        plan(
          pipeline(
            steps,
            steps.map(({ id }) => ({ name: id, step: id })),
          ),
        ),
      ),
    ).toEqual(["d", "a", "c", "b"]);
  });

  test.each([
    [{ priority: 7 as never }, "priority"],
    [{ quality: 9 as never }, "quality"],
    [{ requestId: "x".repeat(129) }, "request_id"],
    [{ maxOutputPixels: -1 }, "max_output_pixels"],
  ])("a header field out of range is refused: %j", (header, field) => {
    const act = () => plan(pipeline([step("a", effects("grey"))]), header);
    expect(act).toThrow(AppError);
    expect(act).toThrow(`Expected \`${field}\``);
  });
});

describe("the digest of a request", () => {
  const digest = (header: Partial<CreateJobHeader>, ...sources: ReturnType<typeof source>[]) =>
    requestDigest(
      CreateJobHeader.create({ pipeline: pipeline([step("a", effects("grey"))]), ...header }),
      sources.length > 0 ? sources : [source()],
    );

  test("is equal for equal requests, with any request id, with defaults written or left out", () => {
    const spelled = pipeline([step("a", effects("grey"), fromUpload("source"))], [{ name: "result", step: "a" }]);
    const header = { pipeline: spelled, priority: Priority.INTERACTIVE, quality: Quality.AUTO, requestId: "again" };
    expect(digest(header)).toBe(digest({}));
    expect(digest({}, source(1, 1, "b"), source())).toBe(digest({}, source(), source(1, 1, "b")));
  });

  test("differs with pipeline, settings or pictures", () => {
    const other = pipeline([step("a", effects("dither"))]);
    const digests = [
      digest({}),
      digest({ pipeline: other }),
      digest({ priority: Priority.BATCH }),
      digest({ quality: Quality.HIGH }),
      digest({ allowDegraded: true }),
      digest({ noCache: true }),
      digest({ refresh: true }),
      digest({ maxOutputPixels: 5 }),
      digest({}, { ...source(), sha256: sha("other") }),
    ];
    expect(new Set(digests).size).toBe(digests.length);
  });
});

/** A slow reference: the steps from which an output can be reached. */
function ancestorsOfOutputs(asked: Pipeline): string[] {
  const byId = new Map<string, Step>(asked.steps.map((item) => [item.id, item]));
  const found = new Set<string>();
  const visit = (id: string) => {
    if (found.has(id)) return;
    found.add(id);
    for (const { from } of byId.get(id)?.inputs ?? []) if (from?.$case === "step") visit(from.value);
  };
  for (const output of asked.outputs) visit(output.step);
  return [...found].sort();
}
