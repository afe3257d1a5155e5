import { expect, test } from "vitest";
import { featureQuery, parsePipelineQuery, pipelineQuery } from "./pipeline-query.ts";

const parse = (text: string) => parsePipelineQuery(new URLSearchParams(text));

test("names are the flags of the command line", () => {
  expect(parse("scale=2&model=x&denoise=0.5")).toMatchObject({ upscale: { scale: 2, model: "x", denoise: 0.5 } });
  expect(parse("effect=dither:levels=4&effect=blur&default_order").effects.map(({ name }) => name)).toEqual([
    "dither",
    "blur",
  ]);
  expect(parse("background=%23fff&format=jpg&encode_quality=80")).toMatchObject({
    removeBackground: true,
    background: { kind: "color", color: "#ffffff" },
    format: "jpeg",
    encodeQuality: 80,
  });
  expect(parse("max_side=64&no_cache&allow_degraded=false&label=a&label=b&deadline=90s&priority=batch")).toMatchObject({
    maxSidePx: 64,
    noCache: true,
    allowDegraded: false,
    labels: ["a", "b"],
    deadlineMs: 90_000,
    priority: "batch",
  });
  expect(parse("max_side=64&no_cache=false").noCache).toBe(false);
  expect(parse("max_side=64&refresh")).toMatchObject({ refresh: true, noCache: false });
  expect(parse("max_side=64").refresh).toBe(false);
});

test("a feature and a hosted model are read; `name` of their route is short for `feature`", () => {
  expect(parse("feature=comic@1:dots=3").feature).toMatchObject({ name: "comic", version: 1, settings: { dots: "3" } });
  expect(parse("name=comic").feature).toMatchObject({ name: "comic", version: 0 });
  expect(parse("remote_model=flux.2:steps=4").remoteModel).toMatchObject({ name: "flux.2", settings: { steps: "4" } });
  expect(() => parse("feature=comic&max_side=64")).toThrow("Expected `feature` without flags for steps");
});

test("the route of features names the missing feature, after wrong values", () => {
  const parseFeature = (text: string) => parsePipelineQuery(new URLSearchParams(text), {}, featureQuery);
  expect(() => parseFeature("format=png")).toThrow(
    expect.objectContaining({
      message: "Expected `name` to be given, got `nothing`",
      fields: [expect.objectContaining({ field: "name" })],
    }),
  );
  expect(() => parseFeature("format=bmp")).toThrow("Expected `format` to be");
  expect(parseFeature("name=comic").feature).toMatchObject({ name: "comic" });
});

test.each(["name", "feature"])("a wrong feature is told by the name of the query that was sent: %s", (name) => {
  for (const text of ["Comic", "comic@0", "comic:dots", "comic:dots=1,dots=2"])
    expect(() => parse(`${name}=${text}`)).toThrow(
      expect.objectContaining({
        message: expect.stringContaining(`Expected \`${name}\` to be `),
        fields: [expect.objectContaining({ field: name })],
      }),
    );
});

test.each([
  ["scale=5", "Expected `scale` to be one of 2, 3, 4, got `5`"],
  ["max_side=1", "Expected `max_side` to be an integer from 16 to 16384, got `1`"],
  ["remove_background=maybe", "Expected `remove_background` to be one of true, false, got `maybe`"],
  ["no_cache=maybe", "Expected `no_cache` to be one of true, false"],
  ["no_cache&refresh&max_side=64", "Expected either `no_cache`, which does not use the result cache, or `refresh`"],
  ["width=100&scale=2", "Expected scale, or width and height, got both"],
  ["denoise=1", "Expected `denoise` to be given with scale, width or height, got `1`"],
  ["background=cat.png", "Expected `background` to be an opaque colour, gradient:…, blur:N, or @background"],
  ["upscale_model=x&max_side=64", "Expected `upscale_model` to be given with scale, width or height"],
  ["lossless&format=jpeg&max_side=64", "Expected `lossless` with png, webp or auto, got `jpeg`"],
  ["", "Expected something to do: scale, width"],
])("`%s` is refused in the words of the query", (text, message) => expect(() => parse(text)).toThrow(message));

test("a wrong value names its field", () => {
  expect(() => parse("cut_out=threshold=2")).toThrow(
    expect.objectContaining({
      reason: "INVALID_ARGUMENT",
      fields: [expect.objectContaining({ field: "cut_out threshold" })],
    }),
  );
});

test("every name has a description and a schema", () => {
  for (const [name, { description, schema }] of Object.entries(pipelineQuery)) {
    expect(name).toMatch(/^[a-z_]+$/);
    expect(description, name).toMatch(/\.$/);
    expect(schema.type, name).toBeDefined();
  }
});
