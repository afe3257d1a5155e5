import { AppError } from "@pixelmesh/errors";
import { ParameterType } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { toEffect } from "../../../test/pictures.ts";
import { effectDescriptions, parseEffect, parseEffects } from "./catalogue.ts";

function failure(run: () => unknown): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("every effect describes itself well enough to draw a form", () => {
  const names = effectDescriptions().map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const effect of effectDescriptions()) {
    expect(effect.title).not.toBe("");
    expect(effect.description).not.toBe("");
    expect(effect.revision).toBeGreaterThanOrEqual(1);
    for (const parameter of effect.parameters) {
      expect(parameter.name).toMatch(/^[a-z][a-z0-9_]*$/);
      expect(parameter.description).not.toBe("");
      const ranged = parameter.type === ParameterType.NUMBER || parameter.type === ParameterType.INTEGER;
      if (ranged) expect(parameter.maximum).toBeGreaterThan(parameter.minimum);
      if (parameter.type === ParameterType.CHOICE) expect(parameter.choices.length).toBeGreaterThan(1);
    }
  }
});

test("every default is accepted by its own parameter", () => {
  for (const { name, parameters } of effectDescriptions()) {
    const spelledOut = Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.defaultValue!]));
    expect(parseEffect({ name, parameters: spelledOut }).resolved).toEqual(parseEffect(toEffect(name)).resolved);
  }
});

test("missing settings and explicit defaults have the same canonical form in any order and case", () => {
  const bare = parseEffect(toEffect("dither", { dark: "#aabbcc" }));
  const full = parseEffect(toEffect("dither", { scale: 1, dark: "#AABBCC", method: "floyd_steinberg" }));
  expect(JSON.stringify(full.resolved)).toBe(JSON.stringify(bare.resolved));
  expect(bare.revision).toBe(2);
});

test("an unknown effect is refused with the list of known effects", () => {
  const error = failure(() => parseEffects([toEffect("dither"), toEffect("sparkle")]));
  expect(error.reason).toBe("UNKNOWN_EFFECT");
  expect(error.metadata.known).toMatch(/^black_and_white, .*dither/);
  expect(error.fields[0]?.field).toBe("effects[1].name");
  expect(error.message).toContain("got `sparkle`");
});

test.each([
  ["unknown setting", { sparkle: 1 }, "effects[0].parameters", "settings among method, mode"],
  ["out of range", { levels: 17 }, "effects[0].parameters.levels", "an integer from 2 to 16, got `17`"],
  ["not an integer", { levels: 2.5 }, "effects[0].parameters.levels", "an integer from 2 to 16, got `2.5`"],
  ["not a number", { strength: Number.NaN }, "effects[0].parameters.strength", "a number from 0 to 100"],
  ["wrong type", { levels: "many" }, "effects[0].parameters.levels", "got `many`"],
  ["unknown choice", { method: "magic" }, "effects[0].parameters.method", "one of floyd_steinberg, atkinson"],
  ["text for a flag", { serpentine: "yes" }, "effects[0].parameters.serpentine", "true or false, got `yes`"],
  ["bad colour", { dark: "#12345" }, "effects[0].parameters.dark", "a colour as #rrggbb, got `#12345`"],
])("%s is refused with field, expectation and value", (_, settings, field, text) => {
  const error = failure(() => parseEffects([toEffect("dither", settings as Record<string, string>)]));
  expect(error.reason).toBe("INVALID_ARGUMENT");
  expect(error.fields[0]?.field).toBe(field);
  expect(error.message).toContain(text);
});

test("a value without a kind is refused", () => {
  const error = failure(() => parseEffect({ name: "dither", parameters: { levels: { kind: undefined } } }));
  expect(error.fields[0]?.field).toBe("effect.parameters.levels");
});

test("a chain has 1 to 16 effects", () => {
  expect(failure(() => parseEffects([])).fields[0]?.field).toBe("effects");
  const many = Array.from({ length: 17 }, () => toEffect("dither"));
  expect(failure(() => parseEffects(many)).reason).toBe("INVALID_ARGUMENT");
  expect(parseEffects(many.slice(1))).toHaveLength(16);
});
