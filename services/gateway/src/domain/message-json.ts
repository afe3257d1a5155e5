import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { AppError, expected } from "@pixelmesh/errors";
import { didYouMean } from "@pixelmesh/flag-values";

/** Deepest nesting of a message. */
const maxDepth = 32;

/**
 * Converts JSON of a caller to the JSON of a message that the generated `fromJSON` takes. Fields have their names of the contract in either spelling
 * (`maxSidePx`, `max_side_px`), enums are words or numbers, and a null is a field that is left out. Throws INVALID_ARGUMENT with the path of an unknown
 * field or of a value of another type, where the generated code would drop it.
 */
export function toMessageJson(message: DescMessage, value: unknown, path: string, depth = 0): object {
  if (!isObject(value)) throw expected(path, "an object", value);
  if (depth > maxDepth) throw expected(path, `nested at most ${maxDepth} deep`, "more");
  const result: Record<string, unknown> = {};
  const cases = new Map<string, string>();
  for (const [key, given] of Object.entries(value)) {
    const field = message.fields.find(({ jsonName, name }) => jsonName === key || name === key);
    const place = path === "" ? key : `${path}.${key}`;
    if (!field) throw unknownField(message, key, path);
    if (given === null || given === undefined) continue;
    if (Object.hasOwn(result, field.jsonName)) throw expected(place, "given once", "several");
    const group = field.oneof?.name;
    if (group !== undefined && cases.has(group))
      throw expected(place, `left out beside \`${cases.get(group)}\``, given);
    if (group !== undefined) cases.set(group, key);
    result[field.jsonName] = toField(field, given, place, depth);
  }
  return result;
}

function toField(field: DescField, value: unknown, path: string, depth: number): unknown {
  switch (field.fieldKind) {
    case "scalar":
      return toScalar(field.scalar, value, path);
    case "enum":
      return toEnumNumber(field.enum, value, path);
    case "message":
      return toMessageJson(field.message, value, path, depth + 1);
    case "list":
      if (!Array.isArray(value)) throw expected(path, "a list", value);
      return value.map((item, index) => {
        const place = `${path}[${index}]`;
        if (field.listKind === "message") return toMessageJson(field.message, item, place, depth + 1);
        return field.listKind === "enum" ? toEnumNumber(field.enum, item, place) : toScalar(field.scalar, item, place);
      });
    case "map":
      if (!isObject(value)) throw expected(path, "an object", value);
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) => {
          const place = `${path}.${key}`;
          if (field.mapKind === "message") return [key, toMessageJson(field.message, item, place, depth + 1)];
          return [
            key,
            field.mapKind === "enum" ? toEnumNumber(field.enum, item, place) : toScalar(field.scalar, item, place),
          ];
        }),
      );
  }
}

const integers: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT32,
  ScalarType.INT64,
  ScalarType.UINT32,
  ScalarType.UINT64,
  ScalarType.SINT32,
  ScalarType.SINT64,
]);
const words32: ReadonlySet<ScalarType> = new Set([ScalarType.INT32, ScalarType.UINT32, ScalarType.SINT32]);

function toScalar(type: ScalarType, value: unknown, path: string): unknown {
  if (type === ScalarType.STRING || type === ScalarType.BYTES) {
    if (typeof value !== "string") throw expected(path, "a text", value);
    return value;
  }
  if (type === ScalarType.BOOL) {
    if (typeof value !== "boolean") throw expected(path, "true or false", value);
    return value;
  }
  if (integers.has(type)) {
    const number = typeof value === "string" && /^-?\d{1,16}$/.test(value) ? Number(value) : value;
    const most = words32.has(type) ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER;
    if (!Number.isInteger(number) || Math.abs(number as number) > most) throw expected(path, "an integer", value);
    return number;
  }
  if (typeof value !== "number" || !Number.isFinite(value)) throw expected(path, "a number", value);
  return value;
}

/** Finds the value of an enum by its word (`png`), its whole name (`IMAGE_FORMAT_PNG`) or its number. */
function toEnumNumber({ values, sharedPrefix = "" }: DescEnum, value: unknown, path: string): number {
  const wordOf = (name: string) => name.toLowerCase().slice(sharedPrefix.length);
  const word = typeof value === "string" ? value.toLowerCase() : undefined;
  const found = values.find(
    ({ name, number }) => number === value || name.toLowerCase() === word || wordOf(name) === word,
  );
  if (found) return found.number;
  const known = values.filter(({ number }) => number !== 0).map(({ name }) => wordOf(name));
  throw expected(path, `one of ${known.join(", ")}`, value);
}

function unknownField(message: DescMessage, key: string, path: string) {
  const known = message.fields.map(({ jsonName }) => jsonName);
  const error = expected(path === "" ? "body" : path, `made of ${known.join(", ")}`, key);
  return new AppError(error.reason, `${error.message}${didYouMean(key, known)}`, { fields: error.fields });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
