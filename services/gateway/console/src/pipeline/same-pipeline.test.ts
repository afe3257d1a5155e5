import { type PipelineBuilder, pipeline } from "@pixelmesh/client";
import { parseBackground, parseEffectText, parseVariant } from "@pixelmesh/flag-values";
import {
  type PipelineOptions,
  parsePipelineOptions,
  planEffects,
  toPipeline as toContract,
} from "@pixelmesh/pipeline-flags";
import { ImageFormat, PictureFit, Pipeline } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { effectDescriptions } from "../../../../effects/src/domain/catalogue/catalogue.ts";
import { realCatalogue } from "../../test/real-catalogue.ts";
import { type Draft, demoDraft, emptyDraft, type fits, newEffect } from "./draft.ts";
import { toFlags } from "./flags.ts";
import { type PipelineJson, toPipeline } from "./to-pipeline.ts";
import { toBuilderText } from "./typescript-text.ts";

const dither = newEffect("dither", { levels: 4, method: "bayer4" });
const duotone = newEffect("duotone", { shadows: "#102030", highlights: "#ffeedd" });
const curves = newEffect("curves", { points: "0:0,0.5:0.6,1:1" });
const preset = newEffect("preset:noir");

const drafts: Readonly<Record<string, Draft>> = {
  demo: demoDraft(),
  "another format": { ...emptyDraft, format: "webp" },
  "a chain": { ...emptyDraft, effects: [dither, duotone, preset] },
  "commas in a setting": { ...emptyDraft, effects: [curves] },
  "one colour": { ...emptyDraft, background: { kind: "color", color: "#ff8800" }, format: "jpeg" },
  "a gradient": {
    ...emptyDraft,
    scale: 2,
    background: { kind: "gradient", colors: ["#ffffff", "#000000"], angle: 90 },
  },
  "a blur behind an upscaled object": {
    ...emptyDraft,
    scale: 4,
    background: { kind: "blur", sigmaPx: 12 },
    effects: [dither],
  },
  "a text that looks like a colour": {
    ...emptyDraft,
    effects: [newEffect("dither", { palette: "custom", colors: "#102030" })],
  },
  models: {
    ...emptyDraft,
    scale: 2,
    upscaleModel: "pixelmesh-sr-x2",
    removeBackground: true,
    cutoutModel: "pixelmesh-matte",
  },
  "a picture behind the object": {
    ...emptyDraft,
    background: { kind: "picture", picture: "background", fit: "tile" },
  },
  "a covering picture behind, and another in an effect": {
    ...emptyDraft,
    background: { kind: "picture", picture: "background", fit: "cover" },
    effects: [dither, newEffect("watermark", { picture: { picture: "logo" } })],
  },
  "pictures in variants": {
    ...emptyDraft,
    effects: [newEffect("watermark", { picture: { picture: "logo" }, opacity: 0.5 })],
    variants: [
      {
        key: 1,
        name: "marked",
        effects: [
          newEffect("watermark", { picture: { picture: "seal" } }),
          newEffect("watermark", { picture: { picture: "logo" } }),
        ],
      },
    ],
  },
  "variants alone": {
    ...emptyDraft,
    variants: [{ key: 1, name: "a-name-that-is-longer-than-24", effects: [dither, duotone] }],
  },
};

// The SDK names steps by their operations: their places are compared instead.
for (const [name, draft] of Object.entries(drafts))
  test(`The SDK's builder makes the pipeline that the console sends: ${name}`, () => {
    const text = toBuilderText(draft, realCatalogue);
    const built = new Function("pipeline", `return ${text};`)(pipeline) as PipelineBuilder;
    const sent = Pipeline.fromJSON(withEnums(toPipeline(draft, realCatalogue)));
    expect(byPlace(Pipeline.fromPartial(built.toMessage()))).toEqual(byPlace(sent));
  });

function byPlace(given: Pipeline): string {
  const places = new Map(given.steps.map(({ id }, place) => [id, `step${place}`]));
  const renamed = (value: unknown) => (typeof value === "string" ? (places.get(value) ?? value) : value);
  return JSON.stringify(Pipeline.toJSON(given), (key, value) => (/^(id|step)$/.test(key) ? renamed(value) : value), 2);
}

// The command line's own parsers read the texts of the flags, and its own code makes the pipeline.
for (const [name, draft] of Object.entries(drafts))
  test(`The flags of a draft stand for the pipeline that the console sends: ${name}`, () => {
    const sent = Pipeline.fromJSON(withEnums(toPipeline(draft, realCatalogue)));
    expect(Pipeline.toJSON(sent)).toEqual(Pipeline.toJSON(pipelineOfFlags(draft)));
  });

function pipelineOfFlags(draft: Draft): Pipeline {
  const flags = toFlags(draft);
  const all = (wanted: string) => flags.flatMap(([name, value]) => (name === wanted ? [`${value}`] : []));
  const one = (wanted: string) => all(wanted)[0];
  const [scale, background, format] = [one("upscale"), one("background"), one("format")];
  const [upscaleModel, cutoutModel, maxSide] = [one("upscale-model"), one("cutout-model"), one("max-side")];
  const fit = one("background-fit") as (typeof fits)[number] | undefined;
  const options: PipelineOptions = {
    quality: "auto",
    priority: "interactive",
    cache: true,
    effect: all("effect").map((text) => parseEffectText(text)),
    variant: all("variant").map(parseVariant),
    ...(scale === undefined ? {} : { upscale: Number(scale) as 2 | 3 | 4 }),
    ...(maxSide === undefined ? {} : { maxSide: Number(maxSide) }),
    ...(upscaleModel === undefined ? {} : { upscaleModel }),
    ...(cutoutModel === undefined ? {} : { cutoutModel }),
    ...(one("remove-background") === undefined ? {} : { removeBackground: true as const }),
    ...(background === undefined ? {} : { background: parseBackground(background) }),
    ...(fit === undefined ? {} : { backgroundFit: fit }),
    ...(format === undefined ? {} : { format: format as PipelineOptions["format"] & string }),
  };
  const parsed = parsePipelineOptions(options);
  const rules = { nameOf: (file: string) => file, refusalOf: () => undefined };
  return toContract(parsed, planEffects(parsed, effectDescriptions(), rules).toEffects);
}

/** The gateway takes words for enums; the generated code takes numbers. */
function withEnums(pipeline: PipelineJson) {
  const steps = pipeline.steps.map((step) => {
    if (!("replaceBackground" in step) || !("picture" in step.replaceBackground)) return step;
    const word = step.replaceBackground.picture.fit?.toUpperCase();
    if (word === undefined) return step;
    const fit = PictureFit[word as keyof typeof PictureFit];
    return { ...step, replaceBackground: { picture: { fit } } };
  });
  const outputs = pipeline.outputs.map((output) => {
    const word = output.encoding.format.toUpperCase() as keyof typeof ImageFormat;
    return { ...output, encoding: { format: ImageFormat[word] } };
  });
  return { ...pipeline, steps, outputs };
}
