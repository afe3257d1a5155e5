import { type EffectDescription, type ParameterDescription, ParameterType, type Value } from "@pixelmesh/proto";
import fc from "fast-check";

/** Values of parameters by name. */
export type Values = Readonly<Record<string, Value>>;

const number = (value: number): Value => ({ kind: { $case: "number", value } });
const text = (value: string): Value => ({ kind: { $case: "text", value } });
const flag = (value: boolean): Value => ({ kind: { $case: "flag", value } });
const color = (value: string): Value => ({ kind: { $case: "color", value } });

// Settings that have an effect only with certain values of others.
const companions: Readonly<Record<string, Values>> = {
  "black_and_white.grain_size": { grain: number(40) },
  "dither.adaptive_colors": { palette: text("adaptive") },
  "dither.colors": { palette: text("custom") },
  "halftone.black": { mode: text("cmyk") },
  "retro_8bit.adaptive_colors": { palette: text("adaptive") },
  "retro_8bit.colors": { palette: text("custom") },
  "duotone.mid": { use_mid: flag(true) },
  "threshold.radius": { adaptive: flag(true) },
  "black_and_white.seed": { grain: number(40) },
  // A small picture has few bands, so all of them must move.
  "shake.amount": { density: number(100) },
  "shake.channels": { density: number(100) },
  "shake.edge": { density: number(100) },
  "motion.amount": { kind: text("zoom") },
  "motion.arc": { kind: text("spin") },
  "motion.center_x": { kind: text("zoom") },
  "motion.center_y": { kind: text("spin") },
  "crop.box": { mode: text("box") },
  "crop.threshold": { mode: text("object") },
  "crop.margin": { mode: text("object") },
  "crop.widen": { mode: text("object"), aspect: text("2:3") },
  "padding.aspect": { mode: text("aspect") },
  "padding.mode": { size: text("80x90") },
  "padding.size": { mode: text("size") },
  "padding.gravity": { mode: text("size"), size: text("80x90") },
  "shadow.footprint": { kind: text("contact") },
  "watermark.spacing": { tiled: flag(true) },
};

const lists = ["#000000 #ffffff", "#203040,#e0d0c0 #c02040"].map(text);

// Values to compare where both ends of a range mean the same, and texts.
const samples: Readonly<Record<string, readonly Value[]>> = {
  "color.hue": [-90, 180].map(number),
  "dither.colors": lists,
  "retro_8bit.colors": lists,
  "halftone.angle": [0, 30, 45].map(number),
  "curves.points": ["0:0.2 1:0.9", "0:1 1:0"].map(text),
  "rgb_split.angle": [0, 90, 225].map(number),
  "motion.angle": [0, 45, 90].map(number),
  "shadow.angle": [0, 90, 225].map(number),
  "crop.aspect": ["1:1", "16:9", "1:1.5"].map(text),
  "crop.box": ["0,0,50%,50%", "5%,25%,100%,7", "0%,0%,100%,100%"].map(text),
  // A picture that is wider than high gives the same for center, top and bottom.
  "crop.gravity": ["center", "left", "right"].map(text),
  "crop.margin": ["0", "10%", "1,2 3"].map(text),
  "padding.aspect": ["1:1", "4:5"].map(text),
  "padding.sides": ["0", "7", "5% 10%", "1,2,3,4"].map(text),
  "padding.size": ["80x90", "101x70"].map(text),
  "pixel_sort.length": [0, 1, 9].map(number),
  "watermark.text": ["©", "Ωμέγα", "Жук Ångström 2"].map(text),
  "watermark.angle": [0, 37, 90].map(number),
};

/** Whether a parameter is tried at its values. One that takes a further picture has tests of its own. */
export const isTried = ({ type }: ParameterDescription) => type !== ParameterType.INPUT;

const isRange = ({ type }: ParameterDescription) => type === ParameterType.NUMBER || type === ParameterType.INTEGER;

/** Returns both ends of a range, every choice, both flags, or some colours; nothing for a text. */
export function extremesOf(parameter: ParameterDescription): readonly Value[] {
  if (isRange(parameter)) return [parameter.minimum, parameter.maximum].map(number);
  switch (parameter.type) {
    case ParameterType.CHOICE:
      return parameter.choices.map(text);
    case ParameterType.FLAG:
      return [false, true].map(flag);
    case ParameterType.COLOR:
      return ["#3030c0", "#ffe0e0", "#c02040"].map(color);
    default:
      return [];
  }
}

/** Returns values of a parameter that give different pictures, with the values of other parameters that this needs. */
export function differentValues(
  effect: string,
  parameter: ParameterDescription,
): { readonly values: readonly Value[]; readonly others: Values } {
  const path = `${effect}.${parameter.name}`;
  const values = samples[path] ?? extremesOf(parameter);
  if (values.length < 2) throw new Error(`Expected effect-settings.ts to have samples of ${path}`);
  return { values, others: companions[path] ?? {} };
}

/** Returns an arbitrary of values in range, for some of an effect's parameters. */
export function anyValues({ name, parameters }: EffectDescription): fc.Arbitrary<Values> {
  const each = parameters.filter(isTried).map((parameter) => {
    const { type, minimum: min, maximum: max } = parameter;
    if (type === ParameterType.NUMBER) return [parameter.name, fc.double({ min, max, noNaN: true }).map(number)];
    if (type === ParameterType.INTEGER) return [parameter.name, fc.integer({ min, max }).map(number)];
    return [parameter.name, fc.constantFrom(...differentValues(name, parameter).values)];
  });
  return fc.record<Values>(Object.fromEntries(each), { requiredKeys: [] });
}

// `make check` sets few runs of each property (scripts/check.sh).
const isShort = Number(process.env.PIXELMESH_PROPERTY_RUNS ?? Number.POSITIVE_INFINITY) <= 100;

/**
 * Returns settings that an effect must take: its defaults, each parameter at its extremes and samples, and each choice and flag with all numbers at
 * their minimum, and at their maximum.
 * `make check` leaves out the combinations of words and ends; `make test` tries all.
 */
export function settingsToTry({ name, parameters }: EffectDescription): readonly Values[] {
  const ends = (["minimum", "maximum"] as const).map((end) =>
    Object.fromEntries(parameters.filter(isRange).map((parameter) => [parameter.name, number(parameter[end])])),
  );
  const single = parameters.filter(isTried).flatMap((parameter) => {
    const { values, others } = differentValues(name, parameter);
    return [...values, ...extremesOf(parameter)].map((value) => ({ ...others, [parameter.name]: value }));
  });
  const words = parameters.filter(({ type }) => type === ParameterType.CHOICE || type === ParameterType.FLAG);
  const corners = words.flatMap((parameter) =>
    extremesOf(parameter).flatMap((value) => ends.map((values) => ({ ...values, [parameter.name]: value }))),
  );
  const all = [{}, ...single, ...ends, ...(isShort ? [] : corners)];
  return [...new Map(all.map((values) => [JSON.stringify(values), values])).values()];
}
