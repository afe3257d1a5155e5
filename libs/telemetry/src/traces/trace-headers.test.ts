import { parseTraceParent as parseByLibrary } from "@opentelemetry/core";
import { expect, test } from "vitest";
import { parseTraceParent } from "./trace-headers.ts";

const [traceId, spanId] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];

test.each([
  `00-${traceId}-${spanId}-01`,
  `00-${traceId}-${spanId}-00`,
  `00-${traceId}-${spanId}-ff`,
  ` 00-${traceId}-${spanId}-01 `,
  `01-${traceId}-${spanId}-03`,
  `cc-${traceId}-${spanId}-03-later`,
  `00-${traceId}-${spanId}-01-later`,
  `ff-${traceId}-${spanId}-01`,
  `00-${"0".repeat(32)}-${spanId}-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
  `00-${traceId.slice(1)}-${spanId}-01`,
  `00-${traceId}-${spanId}-1`,
  `00-${traceId}-${spanId}`,
  `  00-${traceId}-${spanId}-01`,
  "",
])("a traceparent is read as OpenTelemetry's library reads it: %j", (text) => {
  expect(parseTraceParent(text) ?? null).toEqual(parseByLibrary(text));
});
