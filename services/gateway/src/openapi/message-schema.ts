import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { reasons } from "@pixelmesh/errors";
import type { Schema } from "../domain/parameter.ts";

/** Whether a schema is for JSON that the gateway takes, or for JSON that it sends. */
export type Direction = "request" | "response";

/** Enums whose words are in capitals in answers. */
const capitals: ReadonlySet<string> = new Set([
  "pixelmesh.jobs.v1.JobState",
  "pixelmesh.jobs.v1.StepState",
  "pixelmesh.jobs.v1.BatchState",
  "pixelmesh.jobs.v1.CallbackState",
]);
const reasonType = "pixelmesh.errors.v1.ErrorReason";
const errorType = "pixelmesh.jobs.v1.JobError";

/**
 * Returns the JSON Schema (2020-12) of a message as the JSON views have it: lowerCamelCase names, words for enums, numbers for 64-bit integers, null for an
 * absent `JobError`. Answers have every field that is not optional; requests need none. Nested messages are inlined.
 */
export function messageSchema(message: DescMessage, direction: Direction): Schema {
  const required = message.fields.filter((field) => direction === "response" && isAlwaysSent(field));
  return {
    type: "object",
    properties: Object.fromEntries(message.fields.map((field) => [field.jsonName, fieldSchema(field, direction)])),
    ...(required.length > 0 ? { required: required.map(({ jsonName }) => jsonName) } : {}),
    additionalProperties: false,
  };
}

/** Messages, fields with presence and cases of a oneof may be absent. */
function isAlwaysSent(field: DescField): boolean {
  if (field.oneof !== undefined || field.proto.proto3Optional) return false;
  return field.fieldKind !== "message" || field.message.typeName === errorType;
}

function fieldSchema(field: DescField, direction: Direction): Schema {
  switch (field.fieldKind) {
    case "scalar":
      return scalarSchema(field.scalar);
    case "enum":
      return enumSchema(field.enum, direction);
    case "message":
      return nestedSchema(field.message, direction);
    case "list":
      return { type: "array", items: itemSchema(field, direction) };
    case "map":
      return { type: "object", additionalProperties: itemSchema(field, direction) };
  }
}

type Items =
  | {
      readonly listKind: string;
      readonly message?: DescMessage | undefined;
      readonly enum?: DescEnum | undefined;
      readonly scalar?: ScalarType | undefined;
    }
  | {
      readonly mapKind: string;
      readonly message?: DescMessage | undefined;
      readonly enum?: DescEnum | undefined;
      readonly scalar?: ScalarType | undefined;
    };

function itemSchema(items: Items, direction: Direction): Schema {
  if (items.message) return nestedSchema(items.message, direction);
  return items.enum ? enumSchema(items.enum, direction) : scalarSchema(items.scalar ?? ScalarType.STRING);
}

function nestedSchema(message: DescMessage, direction: Direction): Schema {
  const { typeName } = message;
  if (typeName === "pixelmesh.common.v1.Value" && direction === "request")
    return { anyOf: [{ type: ["string", "number", "boolean"] }, messageSchema(message, direction)] };
  const schema = messageSchema(message, direction);
  return typeName === errorType && direction === "response" ? { anyOf: [schema, { type: "null" }] } : schema;
}

function scalarSchema(type: ScalarType): Schema {
  switch (type) {
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.BYTES:
      return { type: "string", contentEncoding: "base64" };
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: "number" };
    default:
      return { type: "integer" };
  }
}

/** The words of an enum; in answers also `unknown`, for a value of a later release, and the word of an unset state. */
function enumSchema({ typeName, values, sharedPrefix = "" }: DescEnum, direction: Direction): Schema {
  if (typeName === reasonType) return { type: "string", enum: reasons };
  const words = values.map(({ name }) => name.toLowerCase().slice(sharedPrefix.length));
  if (direction === "request") return { type: "string", enum: words.filter((word) => word !== "unspecified") };
  const sent = [...words, "unknown"];
  return { type: "string", enum: capitals.has(typeName) ? sent.map((word) => word.toUpperCase()) : sent };
}
