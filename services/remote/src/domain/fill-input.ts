import type { Value } from "@pixelmesh/proto";

/** What a text of an input stands for. */
export type Placeholder =
  | { readonly kind: "picture" /** From 0. */; readonly index: number }
  | { readonly kind: "parameter"; readonly name: string };

const form = /^\{\{(?:picture(?: ([1-9]\d?))?|parameters\.([A-Za-z][A-Za-z0-9_]{0,63}))\}\}$/;

/** Parses a text such as `{{picture}}`, `{{picture 2}}` or `{{parameters.scale}}`. Undefined for every other text. */
export function parsePlaceholder(text: string): Placeholder | undefined {
  const match = form.exec(text);
  if (!match) return undefined;
  const [, place = "1", name] = match;
  return name === undefined ? { kind: "picture", index: Number(place) - 1 } : { kind: "parameter", name };
}

/** What placeholders are replaced by. */
export type InputValues = {
  readonly parameters: Readonly<Record<string, Value>>;
  /** Returns what stands for a picture, from 0; undefined: the step does not have it. */
  readonly pictureAt: (index: number) => unknown;
};

/** Returns an input with its values in place of placeholders. Members and elements whose value is unset are left out. */
export function fillInput(input: unknown, values: InputValues): unknown {
  if (typeof input === "string") {
    const placeholder = parsePlaceholder(input);
    return placeholder ? resolvePlaceholder(placeholder, values) : input;
  }
  if (Array.isArray(input)) return input.map((each) => fillInput(each, values)).filter((each) => each !== undefined);
  if (typeof input !== "object" || input === null) return input;
  const members = Object.entries(input).map(([key, member]) => [key, fillInput(member, values)] as const);
  return Object.fromEntries(members.filter(([, member]) => member !== undefined));
}

function resolvePlaceholder(placeholder: Placeholder, { parameters, pictureAt }: InputValues): unknown {
  if (placeholder.kind === "picture") return pictureAt(placeholder.index);
  const { name } = placeholder;
  const kind = Object.hasOwn(parameters, name) ? parameters[name]?.kind : undefined;
  if (kind === undefined || kind.value === "") return undefined;
  if (kind.$case !== "input") return kind.value;
  return kind.value === 0 ? undefined : pictureAt(kind.value);
}
