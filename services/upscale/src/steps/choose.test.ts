import { bundledModelsDir, loadRegistry } from "@pixelmesh/inference";
import { Step, type UpscaleOperation } from "@pixelmesh/proto";
import { beforeAll, expect, test } from "vitest";
import { chooseUpscale } from "./choose.ts";

let choose: (value: Partial<UpscaleOperation>) => string;
beforeAll(async () => {
  const registry = await loadRegistry({ dirs: [bundledModelsDir] });
  choose = (value) =>
    chooseUpscale(registry, Step.fromPartial({ operation: { $case: "upscale", value } }), { widthPx: 9, heightPx: 9 })
      .model.name;
});

test("a direct call takes the default of the nearest scale, the photo model, or a named one", () => {
  expect(choose({ scale: 4 })).toBe("pixelmesh-sr-x4");
  expect(choose({ scale: 2 })).toBe("pixelmesh-sr-x2");
  expect(choose({ scale: 4, model: "photo" })).toBe("pixelmesh-sr-x4-photo");
  expect(choose({ scale: 2, model: "photo" })).toBe("pixelmesh-sr-x4-photo");
  expect(choose({ scale: 4, model: "pixelmesh-sr-x2" })).toBe("pixelmesh-sr-x2");
});

test("a direct call cannot leave the choice to the compression of the picture", () => {
  expect(() => choose({ scale: 4, model: "auto" })).toThrow(
    "Expected `operation.model` to be the name of a model, `photo` or nothing without a job, got `auto`",
  );
});
