import { Priority } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { toFeatureMessage } from "./feature-settings.ts";
import { toHeader } from "./job-settings.ts";
import { pipeline } from "./pipeline/pipeline.ts";

test("a name stands for the newest version with its defaults", () => {
  expect(toFeatureMessage("comic")).toEqual({ name: "comic", version: 0, parameters: {}, outputs: [] });
});

test("settings have the types of the contract, and pictures are inputs of their own names", () => {
  const settings = { fill: "gradient", color: "#ffffff", blur: 3, picture: { picture: "picture" } };
  const message = toFeatureMessage({
    name: "replace_background",
    version: 1,
    settings,
    outputs: { web: { format: "webp" } },
  });
  expect(message.parameters).toEqual({
    fill: { kind: { $case: "text", value: "gradient" } },
    color: { kind: { $case: "color", value: "#ffffff" } },
    blur: { kind: { $case: "number", value: 3 } },
    picture: { kind: { $case: "input", value: 1 } },
  });
  expect(message.outputs).toMatchObject([{ name: "web", step: "" }]);
  expect(() => toFeatureMessage({ name: "a", settings: { picture: { picture: "beach" } } })).toThrow(
    "Expected `feature.settings.picture.picture` to be `picture`",
  );
});

test("a job has either a pipeline or a feature", () => {
  expect(toHeader({ feature: "comic" }, Priority.BATCH)).toMatchObject({
    pipeline: undefined,
    feature: { name: "comic" },
  });
  expect(toHeader({ pipeline: pipeline().upscale(2) }, Priority.BATCH).feature).toBeUndefined();
  expect(() => toHeader({}, Priority.BATCH)).toThrow("got `neither`");
  expect(() => toHeader({ pipeline: pipeline(), feature: "comic" }, Priority.BATCH)).toThrow("got `both`");
});

test("a hosted model is a step of its own with its settings and further pictures", () => {
  const { steps } = pipeline()
    .prescale({ maxSidePx: 800 })
    .remoteModel("painter", { prompt: "ink", strength: 0.5, mask: { picture: "mask" } }, { result: 2 })
    .toMessage();
  expect(steps?.[1]).toEqual({
    id: "remote_model",
    inputs: [{ from: { $case: "step", value: "prescale" } }, { from: { $case: "upload", value: "mask" } }],
    operation: {
      $case: "remoteModel",
      value: {
        model: "painter",
        parameters: {
          prompt: { kind: { $case: "text", value: "ink" } },
          strength: { kind: { $case: "number", value: 0.5 } },
          mask: { kind: { $case: "input", value: 1 } },
        },
        result: 2,
      },
    },
  });
});
