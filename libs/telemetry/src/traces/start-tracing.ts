import type { ExportOptions } from "./export-spans.ts";
import { setTracer } from "./spans.ts";
import { isExporting } from "./trace-settings.ts";

/**
 * Starts exporting the spans, and the log lines, of this process if its settings name an exporter. Called once, at the start. Without an exporter only trace
 * ids are passed on, which is enough to find the log lines of a job, and OpenTelemetry's SDK is not loaded. `close` sends the remaining
 * spans and ends tracing. Throws INVALID_ARGUMENT for a wrong setting.
 */
export async function startTracing(options?: ExportOptions): Promise<{ close(): Promise<void> }> {
  if (!options || !isExporting(options.settings)) return { close: async () => {} };
  const { createExportingTracer } = await import("./export-spans.ts");
  const { tracer, close } = await createExportingTracer(options);
  setTracer(tracer);
  return {
    async close() {
      setTracer(undefined);
      await close();
    },
  };
}
