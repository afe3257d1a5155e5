import { toEffect } from "@pixelmesh/pipeline-flags";
import { Effect, type EffectDescription } from "@pixelmesh/proto";

/** Whether JSON has an effect with a plain setting (`{"levels": 4}`), so that the catalogue is needed. */
export function hasPlainValues(json: unknown): boolean {
  if (Array.isArray(json)) return json.some(hasPlainValues);
  if (!isObject(json)) return false;
  return isPlainEffect(json) || Object.values(json).some(hasPlainValues);
}

/**
 * Returns the JSON with every plain setting of an effect as the contract has it: `{"levels": 4}` becomes `{"levels": {"number": 4}}`. The gateway's own
 * answers have plain settings, so that a caller can send them back. The catalogue tells a colour from a text.
 */
export function withoutPlainValues(json: unknown, catalogue: readonly EffectDescription[]): unknown {
  if (Array.isArray(json)) return json.map((item) => withoutPlainValues(item, catalogue));
  if (!isObject(json)) return json;
  if (!isPlainEffect(json)) {
    return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, withoutPlainValues(value, catalogue)]));
  }
  const parameters = Object.entries(json.parameters).map(([key, value]) => {
    if (!isPlain(value)) return [key, value];
    const effect = toEffect({ name: json.name, settings: { [key]: String(value) } }, catalogue, () => 0);
    return [key, (Effect.toJSON(effect) as { parameters: Record<string, unknown> }).parameters[key]];
  });
  return { ...json, parameters: Object.fromEntries(parameters) };
}

type Plain = string | number | boolean;
type PlainEffect = { readonly name: string; readonly parameters: Readonly<Record<string, unknown>> };

function isPlainEffect(json: object): json is PlainEffect {
  const { name, parameters } = json as Partial<PlainEffect>;
  return typeof name === "string" && isObject(parameters) && Object.values(parameters).some(isPlain);
}

function isPlain(value: unknown): value is Plain {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
