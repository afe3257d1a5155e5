import { toTypedSettings } from "@pixelmesh/pipeline-flags";
import {
  type EffectDescription,
  FeatureRequest,
  type ParameterDescription,
  ParameterType,
  type RemoteModel,
  type Value,
} from "@pixelmesh/proto";

/** What decides the types of plain settings: of effects, and of the features and hosted models that a request names. */
export type SettingTypes = {
  readonly effects: readonly Described[];
  readonly features: readonly Described[];
  readonly remoteModels: readonly Described[];
};

type Described = Pick<EffectDescription, "name" | "parameters"> | Pick<RemoteModel, "name" | "parameters">;

/** The lists of `SettingTypes` that JSON needs, because something has plain settings (`{"levels": 4}`). */
export function plainValueLists(json: unknown): ReadonlySet<keyof SettingTypes> {
  const found = new Set<keyof SettingTypes>();
  walk(json, undefined, (list, value) => {
    if (Object.values(value.parameters).some(isPlain)) found.add(list);
    return value;
  });
  return found;
}

/**
 * Returns the JSON with every plain setting as the contract has it: `{"levels": 4}` becomes `{"levels": {"number": 4}}`. The gateway's own answers have
 * plain settings, so that a caller can send them back. The lists tell a colour from a text.
 */
export function withoutPlainValues(json: unknown, types: SettingTypes): unknown {
  return walk(json, undefined, (list, value) => {
    const name = "name" in value ? value.name : value.model;
    const described = types[list].find((each) => each.name === name)?.parameters ?? [];
    const parameters = Object.entries(value.parameters).map(([key, given]) => {
      if (!isPlain(given)) return [key, given];
      const typed = FeatureRequest.create({ parameters: { [key]: { kind: toKind(key, given, described) } } });
      return [key, (FeatureRequest.toJSON(typed) as { parameters: Record<string, unknown> }).parameters[key]];
    });
    return { ...value, parameters: Object.fromEntries(parameters) };
  });
}

const numeric: ReadonlySet<ParameterType | undefined> = new Set([ParameterType.NUMBER, ParameterType.INTEGER]);

/** Numbers of JSON keep their value: their text may have an exponent, which no flag has. */
function toKind(key: string, given: Plain, described: readonly ParameterDescription[]): Value["kind"] {
  const type = described.find((parameter) => parameter.name === key)?.type;
  if (typeof given === "number" && numeric.has(type)) return { $case: "number", value: given };
  // A file has a name in forms and on command lines only; here its place says which one it is.
  if (type === ParameterType.INPUT)
    return /^\d{1,9}$/.test(String(given))
      ? { $case: "input", value: Number(given) }
      : { $case: "text", value: String(given) };
  return toTypedSettings({ [key]: String(given) }, described, () => 0)[key]?.kind;
}

type Plain = string | number | boolean;
type Parameters = { readonly parameters: Readonly<Record<string, unknown>> };
type WithSettings = Parameters & ({ readonly name: string } | { readonly model: string });

/** Passes each object with settings to `change`, with the list that describes it, and returns the JSON with what it returns. */
function walk(
  json: unknown,
  key: string | undefined,
  change: (list: keyof SettingTypes, value: WithSettings) => unknown,
): unknown {
  if (Array.isArray(json)) return json.map((item) => walk(item, undefined, change));
  if (!isObject(json)) return json;
  const { name, model, parameters } = json as { name?: unknown; model?: unknown; parameters?: unknown };
  if (isObject(parameters)) {
    if (typeof model === "string" && isRemote(key)) return change("remoteModels", json as WithSettings);
    if (typeof name === "string") return change(key === "feature" ? "features" : "effects", json as WithSettings);
  }
  return Object.fromEntries(Object.entries(json).map(([inner, value]) => [inner, walk(value, inner, change)]));
}

const isRemote = (key: string | undefined) => key === "remoteModel" || key === "remote_model";

function isPlain(value: unknown): value is Plain {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
