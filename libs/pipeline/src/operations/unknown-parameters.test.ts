import { Effect, EffectDescription, ParameterType } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { canonicalParameters } from "./effect-parameters.ts";

const description = EffectDescription.fromPartial({
  name: "dither",
  parameters: [{ name: "levels", type: ParameterType.NUMBER, defaultValue: { kind: { $case: "number", value: 2 } } }],
});

test.each(["__proto__", "constructor", "prototype", "toString", "valueOf", "hasOwnProperty", "level"])(
  "a parameter `%s` is refused by its name, also without a value",
  (name) => {
    for (const value of ['{"kind": {"$case": "number", "value": 1}}', "{}"]) {
      const effect = Effect.fromPartial({
        name: "dither",
        parameters: JSON.parse(`{${JSON.stringify(name)}: ${value}}`),
      });
      expect(() => canonicalParameters(Effect.decode(Effect.encode(effect).finish()), description, "e")).toThrow(
        `Expected \`e.parameters\` to be parameters of \`dither\` (levels), got \`${name}\``,
      );
    }
  },
);
