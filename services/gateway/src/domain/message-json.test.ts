import { Pipeline } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { messageOf } from "../openapi/contracts.ts";
import { toMessageJson } from "./message-json.ts";

const pipeline = messageOf("pixelmesh.pipeline.v1.Pipeline");
const read = (json: unknown) => Pipeline.fromJSON(toMessageJson(pipeline, json, "pipeline"));

test("fields have both spellings of the contract, enums are words, names or numbers", () => {
  const steps = (operation: object) => ({ steps: [{ id: "a", ...operation }] });
  const expected = read(steps({ prescale: { maxSidePx: 64 } }));
  expect(read(steps({ prescale: { max_side_px: "64" } }))).toEqual(expected);
  expect(expected.steps[0]?.operation).toEqual({ $case: "prescale", value: { maxSidePx: 64, maxPixels: 0 } });
  const formats = ["png", "PNG", "IMAGE_FORMAT_PNG", 3].map(
    (format) => read({ outputs: [{ name: "a", encoding: { format } }] }).outputs[0]?.encoding?.format,
  );
  expect(new Set(formats)).toEqual(new Set([3]));
});

test("a null is a field that is left out, and optional fields keep their absence", () => {
  expect(read({ steps: [{ id: "a", upscale: { scale: 2, denoise: null } }] })).toEqual(
    read({ steps: [{ id: "a", upscale: { scale: 2 } }] }),
  );
});

test.each<[unknown, string]>([
  [[], "Expected `pipeline` to be an object, got `[]`"],
  [{ steps: {} }, "Expected `pipeline.steps` to be a list, got `{}`"],
  [{ steps: [1] }, "Expected `pipeline.steps[0]` to be an object, got `1`"],
  [{ steps: [{ id: 1 }] }, "Expected `pipeline.steps[0].id` to be a text, got `1`"],
  [{ steps: [{ upscale: { scale: 1.5 } }] }, "Expected `pipeline.steps[0].upscale.scale` to be an integer, got `1.5`"],
  [{ steps: [{ upscale: { scale: 2 ** 40 } }] }, "to be an integer"],
  [{ steps: [{ upscale: { denoise: "x" } }] }, "Expected `pipeline.steps[0].upscale.denoise` to be a number, got `x`"],
  [{ steps: [{ applyEffects: { defaultOrder: 1 } }] }, "to be true or false"],
  [{ steps: [{ upscale: {}, prescale: {} }] }, "Expected `pipeline.steps[0].prescale` to be left out beside `upscale`"],
  [{ steps: [{ upscale: { model: "a", Model: "b" } }] }, "made of scale, model"],
  [{ outputs: [{ encoding: { format: "pgn" } }] }, "to be one of auto, jpeg, png, webp"],
  [{ stepps: [] }, "got `stepps`. Did you mean `steps`?"],
  [{ steps: [{ upscale: { max_side_px: 1 } }] }, "Expected `pipeline.steps[0].upscale` to be made of"],
])("%j is refused with its path", (json, text) => expect(() => read(json)).toThrow(text));

test("a message that is nested without end is refused", () => {
  const filter = messageOf("pixelmesh.jobs.v1.CancelJobsRequest");
  expect(() => toMessageJson(filter, JSON.parse(`${'{"filter":'.repeat(3)}{}${"}".repeat(3)}`), "")).toThrow("made of");
});
