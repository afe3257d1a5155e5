import { toDeadLetterJson, toWholeDeadLetterJson } from "@pixelmesh/json-views";
import type { DeadLetter, GetDeadLetterResponse } from "@pixelmesh/proto";
import { toTable } from "./text.ts";

/** Formats dead letters as a table, or as a JSON array. */
export function describeDeadLetters(letters: readonly DeadLetter[], json: boolean): string {
  if (json) return `${JSON.stringify(letters.map(toDeadLetterJson), null, 2)}\n`;
  const rows = letters.map(({ sequence, storedUnixMs, reason, subject }) => [
    String(sequence),
    new Date(storedUnixMs).toISOString(),
    reason,
    subject,
  ]);
  return toTable([["SEQUENCE", "STORED", "REASON", "SUBJECT"], ...rows]);
}

/** Formats one dead letter with its message: as JSON where it decodes, otherwise in base64. */
export function describeDeadLetter(letter: GetDeadLetterResponse, json: boolean): string {
  const document = toWholeDeadLetterJson(letter);
  if (json) return `${JSON.stringify(document, null, 2)}\n`;
  const { message, ...facts } = document;
  const rows = Object.entries(facts).map(([name, value]) => [name, String(value)]);
  return `${toTable(rows)}\n${typeof message === "string" ? message : JSON.stringify(message, null, 2)}\n`;
}
