import { DeadLetter, type GetDeadLetterResponse } from "@pixelmesh/proto";

/** Converts a dead letter to JSON, without fields that are empty. */
export function toDeadLetterJson(letter: DeadLetter): object {
  return DeadLetter.toJSON(letter) as object;
}

/** Converts a dead letter with its message to JSON: the message as JSON where it was decoded, otherwise in base64. */
export function toWholeDeadLetterJson({ deadLetter, payload, text }: GetDeadLetterResponse) {
  const message: unknown = text === "" ? Buffer.from(payload).toString("base64") : JSON.parse(text);
  return { ...(deadLetter ? toDeadLetterJson(deadLetter) : {}), message };
}
