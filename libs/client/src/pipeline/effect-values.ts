import type { Effect, Value } from "@pixelmesh/proto";

/**
 * A setting of an effect. A text of the form `#rrggbb` or `#rrggbbaa` is a colour; `{ text }` keeps it a text. `{ picture }` is a further picture of the
 * job, by its name.
 */
export type EffectSetting = number | boolean | string | { readonly text: string } | { readonly picture: string };

/** Settings of an effect by name; missing ones take the effect's defaults. `mesh.effects()` lists them with types and ranges. */
export type EffectSettings = Readonly<Record<string, EffectSetting>>;

/** An effect with its settings. */
export type NamedEffect = { readonly name: string; readonly settings?: EffectSettings };

const colorForm = /^#([0-9a-f]{6}|[0-9a-f]{8})$/i;

/** Converts an effect to its message. `placeOf` returns the place of a picture among the inputs of the step; 1 is the second input. */
export function toEffectMessage({ name, settings = {} }: NamedEffect, placeOf: (picture: string) => number): Effect {
  return { name, parameters: toSettingValues(settings, placeOf) };
}

/** Converts settings to values; `placeOf` as for `toEffectMessage`. */
export function toSettingValues(
  settings: EffectSettings,
  placeOf: (picture: string) => number,
): { [name: string]: Value } {
  return Object.fromEntries(Object.entries(settings).map(([key, setting]) => [key, toValue(setting, placeOf)]));
}

/** Returns the names of the pictures that effects take, each once. */
export function picturesOf(effects: readonly NamedEffect[]): string[] {
  const settings = effects.flatMap((effect) => Object.values(effect.settings ?? {}));
  const names = settings.flatMap((setting) =>
    typeof setting === "object" && "picture" in setting ? [setting.picture] : [],
  );
  return [...new Set(names)];
}

function toValue(setting: EffectSetting, placeOf: (picture: string) => number): Value {
  switch (typeof setting) {
    case "number":
      return { kind: { $case: "number", value: setting } };
    case "boolean":
      return { kind: { $case: "flag", value: setting } };
    case "string":
      return { kind: { $case: colorForm.test(setting) ? "color" : "text", value: setting } };
    default:
      return "picture" in setting
        ? { kind: { $case: "input", value: placeOf(setting.picture) } }
        : { kind: { $case: "text", value: setting.text } };
  }
}
