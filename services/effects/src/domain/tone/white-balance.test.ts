import { expect, test } from "vitest";
import { balanceGains, planckianWhite } from "./white-balance.ts";

/** CIE 1931 colour-matching functions: C. Wyman, P. Sloan and P. Shirley, "Simple analytic approximations" (2013), multi-lobe fits. */
function matching(nm: number): readonly [x: number, y: number, z: number] {
  const lobe = (mean: number, below: number, above: number) =>
    Math.exp(-0.5 * ((nm - mean) / (nm < mean ? below : above)) ** 2);
  return [
    1.056 * lobe(599.8, 37.9, 31) + 0.362 * lobe(442, 16, 26.7) - 0.065 * lobe(501.1, 20.4, 26.2),
    0.821 * lobe(568.8, 46.9, 40.5) + 0.286 * lobe(530.9, 16.3, 31.1),
    1.217 * lobe(437, 11.8, 36) + 0.681 * lobe(459, 26, 13.8),
  ];
}

/** The chromaticity of Planck's law. */
function blackBody(kelvin: number): readonly [x: number, y: number] {
  const sums = [0, 0, 0];
  for (let nm = 380; nm <= 780; nm++) {
    const power = nm ** -5 / (Math.exp(1.4388e7 / (nm * kelvin)) - 1);
    matching(nm).forEach((value, i) => {
      sums[i]! += value * power;
    });
  }
  const total = sums.reduce((sum, value) => sum + value, 0);
  return [sums[0]! / total, sums[1]! / total];
}

test("the white of a black body has its published chromaticity", () => {
  // CIE standard illuminant A is Planck's law at 2856 K; 4000 K lies in the CIE's tables of the locus.
  expect(planckianWhite(2_856)[0]).toBeCloseTo(0.4476, 2.5);
  expect(planckianWhite(2_856)[1]).toBeCloseTo(0.4074, 2.5);
  expect(planckianWhite(4_000)[0]).toBeCloseTo(0.3805, 2.5);
  expect(planckianWhite(4_000)[1]).toBeCloseTo(0.3768, 2.5);
});

test("the white of a black body follows from Planck's law", () => {
  for (const kelvin of [2_000, 3_000, 4_100, 5_000, 6_500, 9_000, 15_000]) {
    const [x, y] = planckianWhite(kelvin);
    const [exactX, exactY] = blackBody(kelvin);
    expect(Math.hypot(x - exactX, y - exactY)).toBeLessThan(0.004);
  }
});

test("neutral settings have gains of 1, and others keep the luminance of white", () => {
  for (const gain of balanceGains(0, 0)) expect(gain).toBeCloseTo(1, 12);
  for (const [temperature, tint] of [
    [100, 0],
    [-100, 0],
    [0, 100],
    [0, -100],
    [100, -100],
    [-100, 100],
  ] as const) {
    const [r, g, b] = balanceGains(temperature, tint);
    expect(0.2126 * r + 0.7152 * g + 0.0722 * b).toBeCloseTo(1, 12);
    expect(Math.min(r, g, b)).toBeGreaterThan(0);
  }
});
