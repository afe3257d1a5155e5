import fc from "fast-check";
import { expect, test } from "vitest";
import { asLight, createNearest } from "../../../test/reference/palette-match.ts";
import { type Rgb, toLinear, toRgb } from "./color.ts";
import { toOklab } from "./oklab.ts";
import { sortByLightness, toPlace } from "./palette-match.ts";
import { paletteColors, paletteNames, palettes } from "./palettes.ts";

const toLight = (color: Rgb) => color.map(toLinear) as unknown as Rgb;

test("every colour of a palette is its own nearest colour", () => {
  for (const name of paletteNames.filter((candidate) => palettes[candidate].match === "color")) {
    const colors = sortByLightness(paletteColors(name, []));
    const nearest = createNearest(colors, asLight);
    colors.forEach((color, index) => {
      expect(nearest(toLight(color))).toBe(index);
    });
  }
});

test("the found color is the nearest among the places, to a millionth", () => {
  const colors = sortByLightness(paletteColors("nes", []));
  const nearest = createNearest(colors, asLight);
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  const apart = (one: Rgb, other: Rgb) => {
    const [x, y] = [toPlace(toOklab(one)), toPlace(toOklab(other))];
    return Math.hypot(x[0] - y[0], x[1] - y[1], x[2] - y[2]);
  };
  fc.assert(
    fc.property(fc.tuple(unit, unit, unit), (color) => {
      const best = Math.min(...colors.map((other) => apart(color, other)));
      expect(apart(color, colors[nearest(toLight(color))]!)).toBeLessThan(best + 1e-6);
    }),
  );
});

test("places keep lightness and hue, double small chroma, and keep the order of chroma", () => {
  const [lightness, a, b] = toPlace([0.5, 0.0003, 0.0004]);
  expect(lightness).toBe(0.5);
  expect(a / b).toBeCloseTo(0.75, 12);
  expect(Math.hypot(a, b)).toBeCloseTo(0.001, 5);
  const chroma = [0, 0.05, 0.1, 0.2, 0.3].map((value) => toPlace([0.5, value, 0])[1]);
  expect(chroma).toEqual([...chroma].sort((one, other) => one - other));
});

test("colours are sorted from dark to light, each once", () => {
  const colors = ["#ffffff", "#ff0000", "#000000", "#ffffff", "#0000ff"].map((text) => toRgb(text) as Rgb);
  expect(sortByLightness(colors)).toEqual(["#000000", "#0000ff", "#ff0000", "#ffffff"].map(toRgb));
});
