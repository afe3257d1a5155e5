export type { CallInfo, CallLogFields } from "./active-context.ts";
export { addCallLogFields, callInfo, withCallInfo } from "./call-info.ts";
export { createLogger, type Logger } from "./logs/logger.ts";
export { type MetricDefinition, type MetricName, metricDefinitions } from "./metrics/metric-definitions.ts";
export { createMetrics, type Metrics } from "./metrics/metrics.ts";
export { type MetricsServer, startMetricsServer } from "./metrics/metrics-server.ts";
export { type AttributeName, attributeDefinitions, type SpanAttributes } from "./traces/attributes.ts";
export type { OpenSpan, SpanHandle, SpanOptions } from "./traces/span.ts";
export { activeSpan, noSpan, openSpan, withSpan } from "./traces/spans.ts";
export { startTracing } from "./traces/start-tracing.ts";
export {
  bindToContext,
  injectTrace,
  openEntry,
  openJobTrace,
  traceIds,
  withExtractedTrace,
  withTrace,
} from "./traces/trace.ts";
export { otlpProtocols, samplerNames, type TraceSettings } from "./traces/trace-settings.ts";
