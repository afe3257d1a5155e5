import { readFileSync } from "node:fs";
import { createFileRegistry, type DescField, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { descriptorSetUrl, Pipeline } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { pipeline } from "./pipeline.ts";

const toMessage = (built: ReturnType<typeof pipeline>) => Pipeline.fromPartial(built.toMessage());
const step = (value: string) => ({ from: { $case: "step", value } });
const upload = (value: string) => ({ from: { $case: "upload", value } });
const effect = (name: string, parameters: object = {}) => ({ name, parameters });

test("each step takes the result of the one before, and ids are unique", () => {
  const { steps, outputs } = toMessage(
    pipeline().prescale({ maxSidePx: 512 }).upscale(2).upscale({ scale: 3, denoise: 0.5 }),
  );
  expect(steps.map(({ id, inputs }) => [id, inputs])).toEqual([
    ["prescale", [upload("source")]],
    ["upscale", [step("prescale")]],
    ["upscale-2", [step("upscale")]],
  ]);
  expect(steps[2]?.operation).toMatchObject({ $case: "upscale", value: { scale: 3, denoise: 0.5, model: "" } });
  expect(outputs).toEqual([]);
});

test("every operation of the contract can be built", () => {
  const all = pipeline()
    .prescale({ maxPixels: 1_000 })
    .upscale(2)
    .removeBackground()
    .replaceBackground("#ffffff")
    .effect("noise")
    .remoteModel("painter");
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptorSetUrl)));
  const fields = registry.getMessage("pixelmesh.pipeline.v1.Step")?.oneofs[0]?.fields as readonly DescField[];
  const built = toMessage(all).steps.map(({ operation }) => operation?.$case);
  expect(new Set(built)).toEqual(new Set(fields.map(({ localName }) => localName)));
});

test("effects in a row are one step of at most 16, until something else takes its result", () => {
  const row = pipeline().effect("noise", { amount: 0.1 }).effect("blur");
  expect(toMessage(row).steps.map(({ id }) => id)).toEqual(["apply_effects"]);
  let many = pipeline();
  for (let n = 0; n < 17; n += 1) many = many.effect("noise");
  expect(
    toMessage(many).steps.map(({ operation }) => operation?.$case === "applyEffects" && operation.value.effects.length),
  ).toEqual([16, 1]);
  const kept = toMessage(row.output("soft").effect("invert"));
  expect(kept.steps.map(({ id }) => id)).toEqual(["apply_effects", "apply_effects-2"]);
  expect(kept.outputs.map(({ name, step: of }) => [name, of])).toEqual([["soft", "apply_effects"]]);
});

test("settings become values by their type, and pictures become inputs", () => {
  const { steps } = toMessage(
    pipeline()
      .effect("a", { amount: 0.5, bold: true, color: "#ff00aa", text: "words", literal: { text: "#ff00aa" } })
      .effect("b", { mark: { picture: "logo" }, other: { picture: "stamp" } })
      .effect("c", { mark: { picture: "logo" } }),
  );
  expect(steps[0]?.inputs).toEqual([upload("source"), upload("logo"), upload("stamp")]);
  expect(steps[0]?.operation).toMatchObject({
    value: {
      effects: [
        effect("a", {
          amount: { kind: { $case: "number", value: 0.5 } },
          bold: { kind: { $case: "flag", value: true } },
          color: { kind: { $case: "color", value: "#ff00aa" } },
          text: { kind: { $case: "text", value: "words" } },
          literal: { kind: { $case: "text", value: "#ff00aa" } },
        }),
        effect("b", { mark: { kind: { $case: "input", value: 1 } }, other: { kind: { $case: "input", value: 2 } } }),
        effect("c", { mark: { kind: { $case: "input", value: 1 } } }),
      ],
    },
  });
});

test("variants branch off, and the pipeline continues from where they began", () => {
  const { steps, outputs } = toMessage(
    pipeline()
      .removeBackground({ result: "cut_out", refine: "none" })
      .variant("noir", (from) => from.effect("black_and_white"), { format: "webp", quality: 80 })
      .variant("plain", (from) => from.replaceBackground({ blurSigmaPx: 4 }))
      .upscale(2)
      .output("large"),
  );
  expect(steps.map(({ id, inputs }) => [id, inputs])).toEqual([
    ["remove_background", [upload("source")]],
    ["apply_effects", [step("remove_background")]],
    ["replace_background", [step("remove_background"), upload("source")]],
    ["upscale", [step("remove_background")]],
  ]);
  expect(outputs.map(({ name, step: of, encoding }) => [name, of, encoding?.format, encoding?.quality])).toEqual([
    ["noir", "apply_effects", 4, 80],
    ["plain", "replace_background", 1, 0],
    ["large", "upscale", 1, 0],
  ]);
});

test("a pipeline is never changed by its methods", () => {
  const first = pipeline().upscale(2);
  first.effect("noise").output("x");
  expect(toMessage(first).steps).toHaveLength(1);
  expect(toMessage(first).outputs).toEqual([]);
});

test("an empty pipeline keeps the picture, and an unknown word is refused with those that are known", () => {
  expect(toMessage(pipeline().output("same", { format: "png" })).steps).toHaveLength(1);
  expect(() => pipeline().removeBackground({ refine: "best" as "none" })).toThrow(
    "Expected `refine` to be one of guided, none, got `best`",
  );
});
