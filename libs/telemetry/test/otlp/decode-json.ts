import type { ReceivedLog, ReceivedSpan } from "./received.ts";

type Json = Readonly<Record<string, unknown>>;
const listOf = (of: Json | undefined, name: string) => (of?.[name] ?? []) as readonly Json[];
const textOf = (of: Json | undefined, name: string) => String(of?.[name] ?? "");

/** Decodes an `ExportTraceServiceRequest` in OTLP's JSON encoding: camelCase names, ids in hex, 64-bit numbers as text or number. */
export function decodeJson(body: string): ReceivedSpan[] {
  return listOf(JSON.parse(body) as Json, "resourceSpans").flatMap((resourceSpans) => {
    const resource = attributesOf(resourceSpans.resource as Json);
    const origin = {
      service: String(resource["service.name"]),
      version: String(resource["service.version"]),
      resource,
      resourceSchemaUrl: textOf(resourceSpans, "schemaUrl"),
    };
    return listOf(resourceSpans, "scopeSpans").flatMap((scoped) => {
      const scope = scoped.scope as Json;
      const of = {
        schemaUrl: textOf(scoped, "schemaUrl"),
        scope: [textOf(scope, "name"), textOf(scope, "version")] as const,
      };
      return listOf(scoped, "spans").map((span) => ({ ...origin, ...of, ...decodeSpan(span) }));
    });
  });
}

/** Decodes an `ExportLogsServiceRequest` in the same encoding. */
export function decodeJsonLogs(body: string): ReceivedLog[] {
  return listOf(JSON.parse(body) as Json, "resourceLogs").flatMap((resourceLogs) => {
    const service = String(attributesOf(resourceLogs.resource as Json)["service.name"]);
    return listOf(resourceLogs, "scopeLogs").flatMap((scoped) =>
      listOf(scoped, "logRecords").map((record) => ({
        service,
        schemaUrl: textOf(scoped, "schemaUrl"),
        severityNumber: Number(record.severityNumber),
        severityText: textOf(record, "severityText"),
        body: String(toValue(record.body as Json)),
        traceId: textOf(record, "traceId"),
        spanId: textOf(record, "spanId"),
        timeNs: BigInt(textOf(record, "timeUnixNano")),
        attributes: attributesOf(record),
      })),
    );
  });
}

function decodeSpan(span: Json) {
  return {
    traceId: textOf(span, "traceId"),
    spanId: textOf(span, "spanId"),
    traceState: textOf(span, "traceState"),
    parentSpanId: textOf(span, "parentSpanId"),
    name: textOf(span, "name"),
    kind: Number(span.kind),
    startNs: BigInt(textOf(span, "startTimeUnixNano")),
    endNs: BigInt(textOf(span, "endTimeUnixNano")),
    attributes: attributesOf(span),
    events: listOf(span, "events").map((event) => textOf(event, "name")),
    isError: (span.status as Json | undefined)?.code === 2,
  };
}

const attributesOf = (of: Json | undefined) =>
  Object.fromEntries(listOf(of, "attributes").map(({ key, value }) => [key, toValue(value as Json)]));

function toValue(value: Json): unknown {
  if ("arrayValue" in value) return listOf(value.arrayValue as Json, "values").map(toValue);
  if ("intValue" in value) return Number(value.intValue);
  return Object.values(value)[0];
}
