import { expect, test } from "vitest";
import { clampUnit, toEncoded, toLightness, toLinear, toRgb } from "./color.ts";
import { type Curve, curveAt, encodedCurve, lightnessCurve, linearCurve } from "./curve.ts";

test("the sRGB curve has the values of its standard", () => {
  expect(toLinear(0)).toBe(0);
  expect(toLinear(1)).toBeCloseTo(1, 12);
  // Mid-grey 0x80 is 21.586 % of white, 0xbc about half: values listed for IEC 61966-2-1 in many places.
  expect(toLinear(128 / 255)).toBeCloseTo(0.2158605, 6);
  expect(toLinear(188 / 255)).toBeCloseTo(0.5028865, 6);
  expect(toEncoded(0.18)).toBeCloseTo(0.4613561, 6);
});

test("encoding undoes decoding", () => {
  for (let value = 0; value <= 255; value++) expect(toEncoded(toLinear(value / 255))).toBeCloseTo(value / 255, 7);
});

test("CIE lightness of 18 % grey is 49.5", () => {
  expect(100 * toLightness(0.18)).toBeCloseTo(49.496, 3);
  expect(toLightness(0)).toBe(0);
  expect(toLightness(1)).toBeCloseTo(1, 12);
});

test("the tabulated curves are close to the exact ones", () => {
  const furthest = (curve: Curve, exact: (value: number) => number) => {
    let worst = 0;
    for (let i = 0; i <= 100_000; i++)
      worst = Math.max(worst, Math.abs(curveAt(curve, i / 100_000) - exact(i / 100_000)));
    return worst;
  };
  expect(furthest(linearCurve, toLinear)).toBeLessThan(1e-7);
  expect(furthest(encodedCurve, toEncoded)).toBeLessThan(1e-5);
  expect(furthest(lightnessCurve, toLightness)).toBeLessThan(1e-5);
});

test("only #rrggbb is read as a colour", () => {
  expect(toRgb("#Ff8000")).toEqual([1, 128 / 255, 0]);
  for (const wrong of ["ff8000", "#ff800", "#ff8000ff", "red", ""]) expect(toRgb(wrong)).toBeUndefined();
});

test("clamping keeps values from 0 to 1", () => {
  expect([-1, 0, 0.5, 1, 2, Number.NaN].map(clampUnit)).toEqual([0, 0, 0.5, 1, 1, 0]);
});
