export { type AttributeName, attributeDefinitions, type SpanAttributes } from "./attributes.ts";
export { type CallFacts, type CallNotes, callFacts, noteCall, withCallFacts } from "./call-facts.ts";
export { createLogger, type Logger } from "./logger.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export { type MetricsServer, startMetricsServer } from "./metrics-server.ts";
export { type MetricDefinition, type MetricName, metricDefinitions } from "./names.ts";
export { activeSpan, noSpan, type OpenSpan, openSpan, type SpanHandle, type SpanOptions, withSpan } from "./spans.ts";
export { bindToContext, injectTrace, startTracing, traceIds, withExtractedTrace, withTrace } from "./trace.ts";
