import type { Frame } from "@pixelmesh/imaging";
import { type ParameterDescription, ParameterType, type Value } from "@pixelmesh/proto";
import { describe, expect, test } from "vitest";
import { createPicture, toPixels } from "../../../test/pictures.ts";
import { effectDescriptions, parseEffect } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

// Settings that have an effect only with certain values of others.
const context: Record<string, Record<string, Value>> = {
  "black_and_white.grain_size": { grain: { kind: { $case: "number", value: 40 } } },
  "dither.colors": { palette: { kind: { $case: "text", value: "custom" } } },
  "halftone.black": { mode: { kind: { $case: "text", value: "cmyk" } } },
  "retro_8bit.colors": { palette: { kind: { $case: "text", value: "custom" } } },
  "duotone.mid": { use_mid: { kind: { $case: "flag", value: true } } },
  "threshold.radius": { adaptive: { kind: { $case: "flag", value: true } } },
  "black_and_white.seed": { grain: { kind: { $case: "number", value: 40 } } },
};

// Values to compare where both ends of a range mean the same.
const samples: Record<string, Value[]> = {
  "color.hue": [-90, 180].map((value) => ({ kind: { $case: "number", value } })),
  "dither.colors": ["#000000 #ffffff", "#203040,#e0d0c0 #c02040"].map((value) => ({ kind: { $case: "text", value } })),
  "retro_8bit.colors": ["#000000 #ffffff", "#203040,#e0d0c0 #c02040"].map((value) => ({
    kind: { $case: "text", value },
  })),
  "halftone.angle": [0, 30, 45].map((value) => ({ kind: { $case: "number", value } })),
  "curves.points": ["0:0.2 1:0.9", "0:1 1:0"].map((value) => ({ kind: { $case: "text", value } })),
  "rgb_split.angle": [0, 90, 225].map((value) => ({ kind: { $case: "number", value } })),
  "motion.angle": [0, 45, 90].map((value) => ({ kind: { $case: "number", value } })),
  "pixel_sort.length": [0, 1, 9].map((value) => ({ kind: { $case: "number", value } })),
};

function extremes(parameter: ParameterDescription): Value[] {
  switch (parameter.type) {
    case ParameterType.NUMBER:
    case ParameterType.INTEGER:
      return [parameter.minimum, parameter.maximum].map((value) => ({ kind: { $case: "number", value } }));
    case ParameterType.CHOICE:
      return parameter.choices.map((value) => ({ kind: { $case: "text", value } }));
    case ParameterType.FLAG:
      return [false, true].map((value) => ({ kind: { $case: "flag", value } }));
    default:
      return ["#3030c0", "#ffe0e0", "#c02040"].map((value) => ({ kind: { $case: "color", value } }));
  }
}

async function apply(name: string, parameters: Record<string, Value>, frame: Frame): Promise<Frame> {
  return applyChain(frame, [parseEffect({ name, parameters })]);
}

describe.each(effectDescriptions())("$name", ({ name, parameters }) => {
  test.each(parameters)("$name changes the picture, also at its extremes", async (parameter) => {
    const picture = createPicture(48, 40, 3);
    const others = context[`${name}.${parameter.name}`] ?? {};
    const results: string[] = [];
    for (const value of samples[`${name}.${parameter.name}`] ?? extremes(parameter)) {
      const frame = await apply(name, { ...others, [parameter.name]: value }, picture);
      expect(frame.data).toHaveLength(picture.data.length);
      results.push(Buffer.from(frame.data).toString("base64"));
    }
    // Every value of a choice differs from every other; so do both ends of a range.
    expect(new Set(results).size).toBe(results.length);
  });

  test("alpha is unchanged at every setting", async () => {
    const picture = createPicture(23, 17, 4);
    const alpha = toPixels(picture).map((pixel) => pixel[3]);
    for (const parameter of parameters) {
      for (const value of samples[`${name}.${parameter.name}`] ?? extremes(parameter)) {
        const frame = await apply(name, { [parameter.name]: value }, picture);
        expect(frame.channels).toBe(4);
        expect(toPixels(frame).map((pixel) => pixel[3])).toEqual(alpha);
      }
    }
  });

  test("an opaque alpha changes no colour", async () => {
    const opaque = createPicture(31, 22, 3);
    const withAlpha = new Uint8Array(31 * 22 * 4).fill(255);
    toPixels(opaque).forEach((pixel, i) => {
      withAlpha.set(pixel, i * 4);
    });
    const plain = await apply(name, {}, opaque);
    const covered = await apply(name, {}, { ...opaque, channels: 4, data: withAlpha });
    expect(toPixels(covered).map((pixel) => pixel.slice(0, 3))).toEqual(toPixels(plain));
  });

  test.each([
    [1, 1],
    [1, 37],
    [37, 1],
    [2, 3],
  ])("a picture of %i×%i works", async (width, height) => {
    for (const channels of [1, 2, 3, 4] as const) {
      const frame = await apply(name, {}, createPicture(width, height, channels));
      expect([frame.widthPx, frame.heightPx, frame.channels]).toEqual([width, height, channels % 2 === 0 ? 4 : 3]);
    }
  });
});
