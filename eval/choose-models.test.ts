import type { Model } from "@pixelmesh/client";
import { Model as ModelMessage } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { chooseModels } from "./choose-models.ts";

const model = (name: string, task: string, scale: number, available = true): Model =>
  ModelMessage.fromPartial({
    name,
    task,
    scale,
    available,
    unavailableReason: available ? "" : `${name}.onnx is away`,
  });

const models = [
  model("u2netp", "matte", 1),
  model("small", "matte", 1),
  model("ours", "upscale", 4),
  model("FSRCNN_x4", "upscale", 4),
  model("FSRCNN_x2", "upscale", 2),
  model("large", "upscale", 4, false),
];
const namesOf = ({ chosen }: ReturnType<typeof chooseModels>) => chosen.map(({ name }) => name);

test("without names all available models are chosen, by task and scale, and absent ones are listed with the reason", () => {
  const choice = chooseModels(models, []);
  expect(namesOf(choice)).toEqual(["FSRCNN_x2", "FSRCNN_x4", "ours", "small", "u2netp"]);
  expect(choice.absent).toEqual([{ name: "large", why: "large.onnx is away" }]);
});

test("with names these models and their baselines are chosen", () => {
  expect(namesOf(chooseModels(models, ["ours"]))).toEqual(["FSRCNN_x4", "ours"]);
  expect(namesOf(chooseModels(models, ["small"]))).toEqual(["small", "u2netp"]);
  expect(chooseModels(models, ["large"])).toEqual({
    chosen: [],
    absent: [{ name: "large", why: "large.onnx is away" }],
  });
});

test("an unknown name is refused with the list of known ones", () => {
  expect(() => chooseModels(models, ["ours", "theirs"])).toThrow("got theirs; known are u2netp, small, ours");
});
