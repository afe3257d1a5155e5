import { AppError } from "@pixelmesh/errors";
import { type JobSpec, Quality } from "@pixelmesh/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  blur,
  cutOut,
  effects,
  fast,
  fromStep,
  fromUpload,
  pipeline,
  plan,
  prescale,
  source,
  step,
  upscale,
} from "../../test/fixtures.ts";
import { fits, fitWithin } from "../values/sizes.ts";

const outline = (spec: JobSpec) =>
  spec.steps.map(({ step: planned, widthPx, heightPx }) => {
    const inputs = planned?.inputs.map(({ from }) => from?.value).join("+");
    return `${planned?.id}(${inputs}) ${widthPx}x${heightPx}`;
  });
const large = { sources: [source(4000, 3000)] };

describe("the size policy", () => {
  test.each([
    [Quality.FAST, "prescale(source) 1024x768"],
    [Quality.BALANCED, "prescale(source) 1632x1224"],
  ])("quality %i shrinks a large picture before its first upscale", (quality, first) => {
    const spec = plan(pipeline([step("up", upscale(4))]), { quality }, large);
    expect(outline(spec)[0]).toBe(first);
    expect(spec.steps[0]?.service).toBe("ingest");
    expect(spec.steps).toHaveLength(2);
  });

  test.each([Quality.FAST, Quality.BALANCED])("quality %i leaves the picture of a cut-out whole", (quality) => {
    expect(outline(plan(pipeline([step("cut", cutOut())]), { quality }, large))).toEqual(["cut(source) 4000x3000"]);
    const blurred = pipeline([step("cut", cutOut()), step("bg", blur(4), fromStep("cut"), fromUpload("source"))]);
    expect(outline(plan(blurred, { quality }, large))).toEqual(["cut(source) 4000x3000", "bg(cut+source) 4000x3000"]);
  });

  test("an upscale is never smaller than its picture, and its picture is shrunk as far as that allows", () => {
    const side = fc.integer({ min: 1, max: 4_000 });
    const scale = fc.constantFrom<2 | 4>(2, 4);
    fc.assert(
      fc.property(side, side, scale, fc.constantFrom(Quality.FAST, Quality.BALANCED), (width, height, by, quality) => {
        const more = { sources: [source(width, height)], limits: { maxOutputPixels: 1e9 } };
        const { steps } = plan(pipeline([step("up", upscale(by))]), { quality }, more);
        const [up, shrunk] = [steps.at(-1), steps.length > 1 ? steps[0] : undefined];
        expect(up?.widthPx).toBeGreaterThanOrEqual(width);
        expect(up?.heightPx).toBeGreaterThanOrEqual(height);
        const bound = quality === Quality.FAST ? 1_024 : 2_048;
        const least = Math.max(bound, Math.ceil(Math.max(width, height) / by) + by);
        if (Math.min(width, height) >= 100)
          expect(Math.max(shrunk?.widthPx ?? width, shrunk?.heightPx ?? height)).toBeLessThanOrEqual(least);
      }),
    );
  });

  test("a picture that is enlarged twice is shrunk for each as far as that allows", () => {
    const steps = [step("a", upscale(2), fromUpload("source")), step("b", upscale(4), fromUpload("source"))];
    const outputs = steps.map(({ id }) => ({ name: id, step: id }));
    expect(outline(plan(pipeline(steps, outputs), fast, large))).toEqual([
      "prescale(source) 2000x1500",
      "a(prescale) 4000x3000",
      "prescale-2(source) 1024x768",
      "b(prescale-2) 4096x3072",
    ]);
  });

  test("nothing is shrunk where a blurred background would no longer have the size of its cut-out", () => {
    const steps = [
      step("up", upscale(4), fromUpload("source")),
      step("bg", blur(4), fromStep("up"), fromUpload("other")),
    ];
    const sources = [source(2000, 1500), source(8000, 6000, "other")];
    const spec = plan(pipeline(steps), fast, { sources });
    expect(outline(spec)).toEqual(["up(source) 8000x6000", "bg(up+other) 8000x6000"]);
  });

  test.each([Quality.UNSPECIFIED, Quality.AUTO, Quality.HIGH])("quality %i shrinks nothing", (quality) => {
    expect(outline(plan(pipeline([step("cut", cutOut())]), { quality }, large))).toEqual(["cut(source) 4000x3000"]);
  });

  test("a picture that fits gets no prescale step", () => {
    expect(outline(plan(pipeline([step("up", upscale(4))]), fast, { sources: [source(1024, 1024)] }))).toEqual([
      "up(source) 4096x4096",
    ]);
  });

  test("only the first upscale of a path counts, and effects before it come first", () => {
    const spec = plan(
      pipeline([step("fx", effects("grey")), step("up", upscale(4)), step("cut", cutOut())]),
      fast,
      large,
    );
    expect(outline(spec)).toEqual([
      "fx(source) 4000x3000",
      "prescale(fx) 1024x768",
      "up(prescale) 4096x3072",
      "cut(up) 4096x3072",
    ]);
  });

  test("only the branch that is enlarged takes the smaller picture", () => {
    const steps = [
      step("up", upscale(4), fromUpload("source")),
      step("cut", cutOut(), fromUpload("source")),
      step("fx", effects("grey"), fromUpload("source")),
    ];
    const spec = plan(
      pipeline(
        steps,
        steps.map(({ id }) => ({ name: id, step: id })),
      ),
      fast,
      large,
    );
    expect(outline(spec)).toEqual([
      "prescale(source) 1024x768",
      "up(prescale) 4096x3072",
      "cut(source) 4000x3000",
      "fx(source) 4000x3000",
    ]);
  });

  test("a cut-out that was not shrunk keeps its original, even if another branch shrinks it", () => {
    const up = step("up", upscale(2), fromUpload("source"));
    const bg = step("bg", blur(4), fromUpload("cut"), fromUpload("source"));
    const sources = [source(4000, 3000), source(4000, 3000, "cut")];
    for (const steps of [
      [up, bg],
      [bg, up],
    ]) {
      const spec = plan(
        pipeline(
          steps,
          steps.map(({ id }) => ({ name: id, step: id })),
        ),
        fast,
        { sources },
      );
      expect(outline(spec)).toContain("bg(cut+source) 4000x3000");
    }
  });

  test("a free id is found", () => {
    const spec = plan(pipeline([step("prescale", effects("grey")), step("up", upscale(4))]), fast, large);
    expect(outline(spec)[1]).toBe("prescale-2(prescale) 1024x768");
  });

  test("the caller's own prescale stays, even where the picture fits already", () => {
    expect(outline(plan(pipeline([step("p", prescale(800)), step("cut", cutOut())]), fast))).toEqual([
      "p(source) 640x480",
      "cut(p) 640x480",
    ]);
    expect(outline(plan(pipeline([step("p", prescale(800)), step("cut", cutOut())]), fast, large))).toEqual([
      "p(source) 800x600",
      "cut(p) 800x600",
    ]);
  });

  test("a pipeline that grows past 64 steps is refused", () => {
    const names = Array.from({ length: 40 }, (_, index) => `u${index}`);
    const steps = names.map((name) => step(name, upscale(4), fromUpload(name)));
    const asked = pipeline(
      steps,
      names.map((name) => ({ name, step: name })),
    );
    expect(() => plan(asked, fast, { sources: names.map((name) => source(2000, 2000, name)) })).toThrow(
      "80 steps, of at most 64",
    );
  });
});

describe("limits of results", () => {
  const refused = (...[asked, header, more]: Parameters<typeof plan>) => {
    try {
      plan(asked, header, more);
    } catch (error) {
      return error instanceof AppError ? error : undefined;
    }
    return undefined;
  };
  const chain = pipeline([step("a", upscale(4)), step("b", upscale(4)), step("c", prescale(100))]);

  test("a picture above the mesh's limit is refused before any work, also between two steps", () => {
    const error = refused(chain, {}, { sources: [source(1000, 1000)] });
    expect(error?.reason).toBe("OUTPUT_TOO_LARGE");
    expect(error?.metadata).toMatchObject({ step: "b", width_px: "16000", height_px: "16000" });
  });

  test("the caller's limit applies to outputs only", () => {
    expect(refused(chain, { maxOutputPixels: 7500 })).toBeUndefined();
    expect(refused(chain, { maxOutputPixels: 7499 })?.message).toContain("100×75 (7500 pixels)");
  });

  test("the caller's limit cannot raise the mesh's limit", () => {
    const error = refused(
      pipeline([step("a", upscale(4))]),
      { maxOutputPixels: 1e12 },
      { sources: [source(4000, 3000)] },
    );
    expect(error?.reason).toBe("OUTPUT_TOO_LARGE");
  });

  test("a side above 16384 px is refused", () => {
    expect(refused(pipeline([step("a", upscale(4))]), {}, { sources: [source(4097, 10)] })?.reason).toBe(
      "OUTPUT_TOO_LARGE",
    );
  });
});

test("a fitted size lies within its bounds, keeps its shape, and is never enlarged", () => {
  const side = fc.integer({ min: 1, max: 16_384 });
  const bounds = fc.record({
    maxSidePx: fc.constantFrom(0, 16, 1024, 2048),
    maxPixels: fc.constantFrom(0, 256, 2_000_000),
  });
  fc.assert(
    fc.property(side, side, bounds, (widthPx, heightPx, within) => {
      const fitted = fitWithin({ widthPx, heightPx }, within);
      expect(fits(fitted, within)).toBe(true);
      const bySide = within.maxSidePx === 0 ? 1 : within.maxSidePx / Math.max(widthPx, heightPx);
      const byPixels = within.maxPixels === 0 ? 1 : Math.sqrt(within.maxPixels / (widthPx * heightPx));
      const factor = Math.min(1, bySide, byPixels);
      expect(Math.min(fitted.widthPx, fitted.heightPx)).toBeGreaterThanOrEqual(1);
      if (Math.min(widthPx, heightPx) * factor >= 1) {
        expect(Math.abs(fitted.widthPx - widthPx * factor)).toBeLessThan(1);
        expect(Math.abs(fitted.heightPx - heightPx * factor)).toBeLessThan(1);
      }
      if (fits({ widthPx, heightPx }, within)) expect(fitted).toEqual({ widthPx, heightPx });
    }),
  );
});
