import { expected } from "@pixelmesh/errors";

type Enum = Readonly<Record<string, number>>;

/** The words for the values of an enum of the contract, in lower case. */
export type WordOf<E extends Enum> = Lowercase<Exclude<keyof E & string, "UNSPECIFIED" | "UNRECOGNIZED">>;

/** Returns the value of a word; undefined without one. Throws INVALID_ARGUMENT for another word. */
export function fromWord<E extends Enum>(
  field: string,
  values: E,
  word: WordOf<E> | undefined,
): Exclude<E[keyof E], -1> | undefined {
  if (word === undefined) return undefined;
  const names = Object.keys(values).filter((name) => name !== "UNSPECIFIED" && name !== "UNRECOGNIZED");
  const name = names.find((known) => known.toLowerCase() === word);
  if (name === undefined) throw expected(field, `one of ${names.join(", ").toLowerCase()}`, word);
  return values[name] as Exclude<E[keyof E], -1>;
}
