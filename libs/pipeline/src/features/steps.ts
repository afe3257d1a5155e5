import type { Input, Step, Value } from "@pixelmesh/proto";
import type { Operation } from "../operations/operation.ts";

/** A number, a flag, a text, or a colour as `#rrggbb`. */
type Setting = number | boolean | string;

/** An effect with the settings that differ from its defaults. */
export type EffectLink = readonly [effect: string, settings: Readonly<Record<string, Setting>>];

/** Returns a step. Without inputs it takes the result of the step before it, or the picture `source`. */
export function step(id: string, operation: Operation, ...inputs: Input[]): Step {
  return { id, operation, inputs };
}

/** Returns a step that shrinks the picture to this longest side. */
export function shrink(maxSidePx: number): Step {
  return step("size", { $case: "prescale", value: { maxSidePx, maxPixels: 0 } });
}

/** Returns a step of a chain of effects; `undefined` links are left out. An empty chain is the effect `color`, which changes nothing. */
export function effects(id: string, links: readonly (EffectLink | undefined)[]): Step {
  const chain = links.filter((link) => link !== undefined);
  const used: readonly EffectLink[] = chain.length > 0 ? chain : [["color", {}]];
  return step(id, {
    $case: "applyEffects",
    value: { effects: used.map(([name, settings]) => ({ name, parameters: toParameters(settings) })) },
  });
}

/** Returns a step that cuts the main object out. */
export function cutOut(): Step {
  return step("cut_out", { $case: "removeBackground", value: { model: "", minIsland: 0.01 } });
}

/** Returns the link if its setting is above 0. */
export function above0(value: number, link: EffectLink): EffectLink | undefined {
  return value > 0 ? link : undefined;
}

/** A length in percents as effects take it, with at most 2 decimals. */
export const percents = (value: number): string => `${Math.round(value * 100) / 100}%`;

/** An upload as an input. */
export const upload = (name: string): Input => ({ from: { $case: "upload", value: name } });

/** The result of a step as an input. */
export const result = (id: string): Input => ({ from: { $case: "step", value: id } });

function toParameters(settings: EffectLink[1]): { [name: string]: Value } {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, { kind: toKind(value) }]));
}

function toKind(value: Setting): NonNullable<Value["kind"]> {
  if (typeof value === "number") return { $case: "number", value };
  if (typeof value === "boolean") return { $case: "flag", value };
  return /^#[0-9a-f]{6}$/.test(value) ? { $case: "color", value } : { $case: "text", value };
}
