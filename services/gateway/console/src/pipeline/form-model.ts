import type { EffectDescription, ParameterDescription } from "../api/types.ts";
import type { SettingValue } from "./draft.ts";

/** The control of one setting of an effect. */
export type Field = {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  readonly unit: string;
  readonly byDefault: SettingValue;
} & (
  | { readonly kind: "slider"; readonly minimum: number; readonly maximum: number; readonly step: number }
  | { readonly kind: "select"; readonly choices: readonly string[] }
  | { readonly kind: "checkbox" }
  | { readonly kind: "color" }
  | { readonly kind: "text"; readonly form: string; readonly pattern: string }
  /** A further picture of the job; its default is none, an empty text. */
  | { readonly kind: "picture" }
);

/** A group of effects in the menu. */
export type EffectGroup = { readonly name: string; readonly effects: readonly EffectDescription[] };

/** Returns the controls of an effect, in the order of its description. */
export function toFields({ parameters }: EffectDescription): Field[] {
  return parameters.map((parameter) => {
    const label = capital(parameter.name.replaceAll("_", " "));
    const { name, description: help, unit } = parameter;
    return { name, label, help, unit, ...toControl(parameter) };
  });
}

type Control = Field extends infer F ? (F extends Field ? Omit<F, "name" | "label" | "help" | "unit"> : never) : never;

function toControl(parameter: ParameterDescription): Control {
  const { type, defaultValue, minimum, maximum, choices, form, pattern } = parameter;
  const text = typeof defaultValue === "string" ? defaultValue : "";
  switch (type) {
    case "number":
      return {
        kind: "slider",
        byDefault: Number(defaultValue),
        minimum,
        maximum,
        step: niceStep(maximum - minimum, Number(defaultValue) - minimum),
      };
    case "integer":
      return { kind: "slider", byDefault: Number(defaultValue), minimum, maximum, step: 1 };
    case "choice":
      return { kind: "select", byDefault: text, choices };
    case "flag":
      return { kind: "checkbox", byDefault: defaultValue === true };
    case "color":
      // A picker has no alpha.
      return /^#[0-9a-f]{6}$/i.test(text)
        ? { kind: "color", byDefault: text }
        : {
            kind: "text",
            byDefault: text,
            form: "#rrggbb or #rrggbbaa",
            pattern: "^#([0-9a-fA-F]{6}|[0-9a-fA-F]{8})$",
          };
    case "text":
      return { kind: "text", byDefault: text, form, pattern };
    case "input":
      return { kind: "picture", byDefault: "" };
  }
}

/**
 * The largest of 1, 2 and 5 times a power of ten that divides a range into 100 steps or more, and of which the default, `offset` above the least value, is a
 * multiple: a slider shows multiples only.
 */
export function niceStep(range: number, offset: number): number {
  const largest = Math.floor(Math.log10(range / 100)) + 1;
  const steps = [0, 1, 2, 3].flatMap((less) => [5, 2, 1].map((factor) => Number(`${factor}e${largest - less}`)));
  const fine = steps.filter((step) => range / step >= 100 - 1e-6);
  return fine.find((step) => Math.abs(offset / step - Math.round(offset / step)) < 1e-6) ?? fine.at(-1) ?? 1;
}

/** Returns the settings after a change. A setting at its default is left out. */
export function withSetting(
  settings: Readonly<Record<string, SettingValue>>,
  field: Field,
  value: SettingValue,
): Record<string, SettingValue> {
  const { [field.name]: _, ...others } = settings;
  return value === field.byDefault ? others : { ...others, [field.name]: value };
}

/** Whether a text is one that the mesh takes for a setting. */
export function isTextValid(field: Field & { readonly kind: "text" }, text: string): boolean {
  return field.pattern === "" || new RegExp(field.pattern, "u").test(text);
}

/** Groups effects for the menu, by group and title. Presets come last. */
export function toGroups(effects: readonly EffectDescription[]): EffectGroup[] {
  const names = [...new Set(effects.map(({ group }) => group))].sort(
    (a, b) => rankOf(a) - rankOf(b) || a.localeCompare(b),
  );
  return names.map((name) => ({
    name: capital(name),
    effects: effects.filter(({ group }) => group === name).toSorted((a, b) => a.title.localeCompare(b.title)),
  }));
}

function rankOf(group: string): number {
  return group === "preset" ? 1 : 0;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
