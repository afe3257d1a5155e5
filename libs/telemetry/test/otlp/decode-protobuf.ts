import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { ReceivedSpan } from "./received.ts";

type Fields = Map<number, (Uint8Array | bigint | number)[]>;

/** Decodes an `ExportTraceServiceRequest`. The field numbers are those of opentelemetry-proto (trace/v1/trace.proto, common/v1, resource/v1). */
export function decodeProtobuf(body: Uint8Array): ReceivedSpan[] {
  return messages(fieldsOf(body), 1).flatMap((resourceSpans) => {
    const resource = attributesOf(messages(resourceSpans, 1)[0] ?? new Map(), 1);
    const origin = {
      service: String(resource["service.name"]),
      version: String(resource["service.version"]),
      resource,
      resourceSchemaUrl: textOf(resourceSpans, 3),
    };
    return messages(resourceSpans, 2).flatMap((scoped) => {
      const [scope = new Map()] = messages(scoped, 1);
      const of = { schemaUrl: textOf(scoped, 3), scope: [textOf(scope, 1), textOf(scope, 2)] as const };
      return messages(scoped, 2).map((span) => ({ ...origin, ...of, ...decodeSpan(span) }));
    });
  });
}

function decodeSpan(span: Fields) {
  return {
    traceId: hexOf(span, 1),
    spanId: hexOf(span, 2),
    traceState: textOf(span, 3),
    parentSpanId: hexOf(span, 4),
    name: textOf(span, 5),
    kind: Number(span.get(6)?.[0] ?? 0),
    startNs: span.get(7)?.[0] as bigint,
    endNs: span.get(8)?.[0] as bigint,
    attributes: attributesOf(span, 9),
    events: messages(span, 11).map((event) => textOf(event, 2)),
    isError: messages(span, 15).some((status) => Number(status.get(3)?.[0] ?? 0) === 2),
  };
}

/** Reads the fields of a message by number, undecoded: bytes, varints and 64-bit numbers as bigint, 32-bit numbers. */
function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields: Fields = new Map();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    fields.set(number, [...(fields.get(number) ?? []), readValue(reader, type)]);
  }
  return fields;
}

function readValue(reader: BinaryReader, type: WireType): Uint8Array | bigint | number {
  if (type === WireType.LengthDelimited) return reader.bytes();
  if (type === WireType.Varint) return BigInt(reader.int64());
  return type === WireType.Bit64 ? BigInt(reader.fixed64()) : reader.fixed32();
}

const messages = (fields: Fields, number: number): Fields[] =>
  (fields.get(number) ?? []).map((bytes) => fieldsOf(bytes as Uint8Array));
const bytesOf = (fields: Fields, number: number) => (fields.get(number)?.[0] ?? new Uint8Array()) as Uint8Array;
const textOf = (fields: Fields, number: number) => Buffer.from(bytesOf(fields, number)).toString();
const hexOf = (fields: Fields, number: number) => Buffer.from(bytesOf(fields, number)).toString("hex");

function attributesOf(fields: Fields, number: number): Record<string, unknown> {
  return Object.fromEntries(
    messages(fields, number).map((pair) => [textOf(pair, 1), toValue(messages(pair, 2)[0] ?? new Map())]),
  );
}

/** Decodes an `AnyValue`: text, flag, integer, double or a list of them. */
function toValue(value: Fields): unknown {
  const [kind, [given] = []] = [...value][0] ?? [];
  if (kind === 1) return Buffer.from(given as Uint8Array).toString();
  if (kind === 2) return given === 1n;
  if (kind === 3) return Number(given);
  if (kind === 4) return new DataView(new BigUint64Array([given as bigint]).buffer).getFloat64(0, true);
  if (kind === 5) return messages(value, 5).flatMap((list) => messages(list, 1).map(toValue));
  return undefined;
}
