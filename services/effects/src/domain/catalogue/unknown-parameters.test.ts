import { Effect } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { effectDescriptions, parseEffect } from "./catalogue.ts";

const names = ["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "levels ", ""];

test.each(names)("no effect accepts a parameter `%s`", (name) => {
  for (const { name: effect } of effectDescriptions()) {
    const parameters = JSON.parse(`{${JSON.stringify(name)}: {"kind": {"$case": "number", "value": 1}}}`);
    for (const given of [{ name: effect, parameters }, Effect.fromPartial({ name: effect, parameters })])
      expect(() => parseEffect(given)).toThrow(/^Expected `effect.parameters` to be settings among /);
  }
});
