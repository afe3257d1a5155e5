import { expected } from "@pixelmesh/errors";
import { type Effect, EffectDescription, type Value } from "@pixelmesh/proto";
import type { Parameters, SettingsOf } from "./parameters.ts";
import type { RowShape, Stage } from "./rows.ts";

/** An effect whose settings are all known and within range. */
export type ParsedEffect = {
  readonly name: string;
  /** Of the effect's pixels; part of a result's key. */
  readonly revision: number;
  /** The same effect with every setting spelled out, in the order of its description: the canonical form for keys. */
  readonly resolved: Effect;
  /** A fresh stage for one picture; stages are never shared or reused. */
  readonly createStage: (shape: RowShape) => Stage;
};

/** An effect of the catalogue. */
export type EffectDefinition = {
  readonly description: EffectDescription;
  /** Throws INVALID_ARGUMENT, naming the field below `field`, for unknown settings and values out of range. */
  readonly parse: (effect: Effect, field: string) => ParsedEffect;
};

/** Binds parameters and pixels of an effect together. `revision` must grow whenever the pixels change. */
export function defineEffect<P extends Parameters>(options: {
  name: string;
  title: string;
  description: string;
  revision: number;
  parameters: P;
  createStage: (settings: SettingsOf<P>, shape: RowShape) => Stage;
}): EffectDefinition {
  const { name, title, description, revision, createStage } = options;
  const parameters = Object.entries(options.parameters);
  const known = parameters.map(([key]) => key);
  return {
    description: EffectDescription.fromPartial({
      name,
      title,
      description,
      revision,
      parameters: parameters.map(([key, parameter]) => parameter.describe(key)),
    }),
    parse(effect, field) {
      const unknown = Object.keys(effect.parameters).find((key) => !known.includes(key));
      if (unknown !== undefined) throw expected(`${field}.parameters`, `settings among ${known.join(", ")}`, unknown);
      const settings: Record<string, unknown> = {};
      const resolved: Record<string, Value> = {};
      for (const [key, parameter] of parameters) {
        const value = effect.parameters[key] ?? parameter.defaultValue;
        settings[key] = parameter.parse(`${field}.parameters.${key}`, value);
        resolved[key] = toCanonical(value);
      }
      return {
        name,
        revision,
        resolved: { name, parameters: resolved },
        createStage: (shape) => createStage(settings as SettingsOf<P>, shape),
      };
    },
  };
}

function toCanonical(value: Value): Value {
  return value.kind?.$case === "color" ? { kind: { $case: "color", value: value.kind.value.toLowerCase() } } : value;
}
