import { expected } from "@pixelmesh/errors";
import { type Effect, EffectDescription, type Value } from "@pixelmesh/proto";
import type { CreateStage, RowTarget, Stage, StageContext } from "../rows/rows.ts";
import type { Parameters, SettingsOf } from "./parameters.ts";

/** An effect with checked settings. */
export type ParsedEffect = {
  readonly name: string;
  /** Revision of the effect's pixels; part of a result key. */
  readonly revision: number;
  /** The same effect with every setting given, in the order of its description: the canonical form for result keys. */
  readonly resolved: Effect;
  readonly createStage: CreateStage;
  /**
   * Returns the effect for a picture that was shrunk by `factor`, above 0 to 1: settings in px are multiplied, so that the result looks like the full
   * one shrunk. `resolved` stays as it is.
   */
  readonly atScale: (factor: number) => ParsedEffect;
};

/** The groups of effects, for menus. */
export type EffectGroup = "tone" | "print" | "detail" | "glitch";

/** An effect of the catalogue. */
export type EffectDefinition = {
  readonly description: EffectDescription;
  /** Throws INVALID_ARGUMENT with the field below `field` for unknown settings and values out of range. */
  readonly parse: (effect: Effect, field: string) => ParsedEffect;
};

/** Defines an effect from its parameters and its stage. `revision` must grow whenever the pixels change. */
export function defineEffect<P extends Parameters>(options: {
  name: string;
  group: EffectGroup;
  title: string;
  description: string;
  revision: number;
  parameters: P;
  createStage: (settings: SettingsOf<P>, context: StageContext, target: RowTarget) => Stage;
}): EffectDefinition {
  const { name, group, title, description, revision, createStage } = options;
  const parameters = Object.entries(options.parameters);
  const known = parameters.map(([key]) => key);
  return {
    description: EffectDescription.fromPartial({
      name,
      group,
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
      const toParsed = (current: Record<string, unknown>): ParsedEffect => ({
        name,
        revision,
        resolved: { name, parameters: resolved },
        createStage: (context, target) => createStage(current as SettingsOf<P>, context, target),
        atScale: (factor) =>
          toParsed(Object.fromEntries(parameters.map(([key, { atScale }]) => [key, atScale(current[key], factor)]))),
      });
      return toParsed(settings);
    },
  };
}

function toCanonical(value: Value): Value {
  return value.kind?.$case === "color" ? { kind: { $case: "color", value: value.kind.value.toLowerCase() } } : value;
}
