// What a caller needs: the facts of the running call and its trace. A second entry, because metrics and logs are 80 modules, which a short command
// would load for nothing.
export { callInfo } from "./call-info.ts";
export type { Metrics } from "./metrics/metrics.ts";
export { noSpan, openSpan } from "./traces/spans.ts";
export { injectTrace } from "./traces/trace.ts";
