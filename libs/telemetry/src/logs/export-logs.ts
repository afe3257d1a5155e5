import { type Attributes, type Logger as OtelLogger, ROOT_CONTEXT, SeverityNumber, trace } from "@opentelemetry/api";
import { setLogTap } from "./log-tap.ts";

const severities: Readonly<Record<string, SeverityNumber>> = {
  trace: SeverityNumber.TRACE,
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
  fatal: SeverityNumber.FATAL,
};

/** Fields of every line that a record or its resource has in another form. */
const elsewhere = new Set(["level", "time", "msg", "traceId", "spanId", "service", "instance", "version", "err"]);

/** Passes every later log line of this process to OpenTelemetry's logger, which sends it besides. Returns the function that ends it. */
export function exportLogs(logger: OtelLogger): () => void {
  setLogTap((line) => {
    const record = toRecord(line);
    if (record) logger.emit(record);
  });
  return () => setLogTap(undefined);
}

/** Converts a line to a record: text as body, its trace as context, an error as the conventions' `exception.…`; undefined for no JSON. */
function toRecord(line: string) {
  const fields = parse(line);
  if (!fields) return undefined;
  const { level, time, msg, traceId, spanId, err } = fields;
  const position = { traceId: String(traceId), spanId: String(spanId), traceFlags: 0 };
  return {
    timestamp: new Date(String(time)),
    severityText: String(level),
    severityNumber: severities[String(level)] ?? SeverityNumber.UNSPECIFIED,
    body: String(msg ?? ""),
    attributes: {
      ...Object.fromEntries(Object.entries(fields).filter(([name]) => !elsewhere.has(name))),
      ...toException(err),
    } as Attributes,
    context: traceId === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, position),
  };
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The attributes of a logged error, by the semantic conventions. */
function toException(err: unknown): Attributes {
  if (typeof err !== "object" || err === null) return {};
  const { type, message, stack } = err as { type?: string; message?: string; stack?: string };
  return {
    ...(type === undefined ? {} : { "exception.type": type }),
    ...(message === undefined ? {} : { "exception.message": message }),
    ...(stack === undefined ? {} : { "exception.stacktrace": stack }),
  };
}
