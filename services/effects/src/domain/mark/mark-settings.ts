import { AppError, expected } from "@pixelmesh/errors";
import type { Value } from "@pixelmesh/proto";
import { type Parameter, text } from "../catalogue/parameters.ts";
import { layOutLine, missingCharacter } from "./glyph-line.ts";

/** The text of a mark where the caller gives none. */
export const defaultText = "Sample";

const maxCharacters = 200;

/** The text of a mark: one line. Letters with accents are composed, and spaces at its ends are dropped. */
export function markText({ description }: { description: string }): Parameter<string> {
  const form = `up to ${maxCharacters} letters, digits, signs and spaces in one line`;
  const pattern = `^[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Zs}]{0,${maxCharacters}}$`;
  return text({ description, form, pattern, byDefault: defaultText }, toLine);
}

function toLine(given: string): string {
  return given
    .normalize("NFC")
    .replaceAll(/\p{Zs}/gu, " ")
    .trim();
}

/**
 * Checks what no parameter shows alone. Throws INVALID_ARGUMENT for no mark, for two, and for a character that the font lacks. The default text beside a
 * picture counts as none.
 */
export function assertMark({ picture, text: given }: Readonly<Record<string, Value>>, field: string): void {
  const place = picture?.kind?.$case === "input" ? picture.kind.value : 0;
  const line = given?.kind?.$case === "text" ? toLine(given.kind.value) : "";
  if (place > 0 && line !== "" && line !== defaultText) throw notOneMark(field, "both");
  if (place > 0) return;
  if (line === "") throw notOneMark(field, "neither");
  const missing = missingCharacter(line);
  if (missing !== undefined) throw notInFont(field, missing);
  if (layOutLine(line) === undefined) throw expected(`${field}.text`, "a text with a visible character", line);
}

function notInFont(field: string, character: string): AppError {
  const code = (character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, "0");
  return expected(
    `${field}.text`,
    "of characters that the font Inter has (Latin, Greek, Cyrillic and common signs)",
    `${character} (U+${code})`,
  );
}

function notOneMark(field: string, got: string): AppError {
  const fields = [`${field}.picture`, `${field}.text`];
  const description = `Expected one of \`${fields.join("` and `")}\`, got ${got}`;
  return new AppError("INVALID_ARGUMENT", description, { fields: fields.map((one) => ({ field: one, description })) });
}
