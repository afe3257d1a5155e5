import { expected } from "@pixelmesh/errors";
import { type Effect, EffectDescription, type Value } from "@pixelmesh/proto";
import {
  type EffectMemory,
  type EffectWork,
  type PrepareContext,
  type PreparedEffect,
  rowWork,
  stageMemory,
} from "../picture/prepared-effect.ts";
import type { RowShape, RowTarget, Stage, StageContext } from "../rows/rows.ts";
import type { Parameters, SettingsOf } from "./parameters.ts";

/** An effect with checked settings. */
export type ParsedEffect = {
  readonly name: string;
  /** Revision of the effect's pixels; part of a result key. */
  readonly revision: number;
  /** The same effect with every setting given, in the order of its description: the canonical form for result keys. */
  readonly resolved: Effect;
  readonly work: EffectWork;
  /**
   * Returns the effect for a picture that was shrunk by `factor`, above 0 to 1: settings in px are multiplied, so that the result looks like the full
   * one shrunk. `resolved` stays as it is.
   */
  readonly atScale: (factor: number) => ParsedEffect;
};

/** The groups of effects, for menus. Effects of composition may change the size and the alpha of a picture; others keep both. */
export type EffectGroup = "tone" | "print" | "detail" | "glitch" | "composition";

/** An effect of the catalogue. */
export type EffectDefinition = {
  readonly description: EffectDescription;
  /** Throws INVALID_ARGUMENT with the field below `field` for unknown settings and values out of range. */
  readonly parse: (effect: Effect, field: string) => ParsedEffect;
};

/** What an effect does, with its settings. */
type WorkOf<S> =
  /** One stage of rows of the same shape. */
  | { createStage: (settings: S, context: StageContext, target: RowTarget) => Stage }
  /** Anything else: see EffectWork. */
  | {
      prepare: (settings: S, context: PrepareContext) => PreparedEffect | Promise<PreparedEffect>;
      /** Default: the effect needs no whole picture. */
      needsPicture?: (settings: S) => boolean;
      /** Default: the shape of the picture. */
      resultShape?: (settings: S, shape: RowShape) => RowShape;
      /** Default: the memory of a stage of rows. */
      memory?: (settings: S, shape: RowShape) => EffectMemory;
    };

/**
 * Defines an effect from its parameters and its work. `revision` must grow whenever the pixels change. `changesSize`: some settings give a result of
 * another size than the picture. `defaultRank`: its place, from 1 on, among the effects that have a default order.
 */
export function defineEffect<P extends Parameters>(
  options: {
    name: string;
    group: EffectGroup;
    title: string;
    description: string;
    revision: number;
    changesSize?: boolean;
    defaultRank?: number;
    parameters: P;
  } & WorkOf<SettingsOf<P>>,
): EffectDefinition {
  const { name, group, title, description, revision, changesSize = false, defaultRank = 0 } = options;
  const parameters = Object.entries(options.parameters);
  const known = parameters.map(([key]) => key);
  return {
    description: EffectDescription.fromPartial({
      name,
      group,
      title,
      description,
      revision,
      changesSize,
      defaultRank,
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
        work: toWork(options, current as SettingsOf<P>),
        atScale: (factor) =>
          toParsed(Object.fromEntries(parameters.map(([key, { atScale }]) => [key, atScale(current[key], factor)]))),
      });
      return toParsed(settings);
    },
  };
}

function toWork<S>(options: WorkOf<S>, settings: S): EffectWork {
  if ("createStage" in options) return rowWork((context, target) => options.createStage(settings, context, target));
  const { prepare, needsPicture, resultShape, memory } = options;
  return {
    needsPicture: needsPicture?.(settings) ?? false,
    resultShape: (shape) => resultShape?.(settings, shape) ?? shape,
    memory: (shape) => memory?.(settings, shape) ?? stageMemory(shape),
    prepare: (context) => prepare(settings, context),
  };
}

function toCanonical(value: Value): Value {
  return value.kind?.$case === "color" ? { kind: { $case: "color", value: value.kind.value.toLowerCase() } } : value;
}
