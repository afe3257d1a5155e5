import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from "pino";
import { traceIds } from "./trace.ts";

/** A structured logger: `log.info({ jobId }, "text")`. One JSON line each, on standard error by default. */
export type Logger = PinoLogger;

/**
 * A logger for one process. Every line carries service, instance and, inside a call, its trace id. Values under keys that
 * hold secrets or user text are removed; strings are cut so that a line stays bounded.
 */
export function createLogger(
  options: { readonly service: string; readonly instance?: string; readonly level?: string },
  destination: DestinationStream = pino.destination({ dest: 2, sync: true }),
): Logger {
  return pino(
    {
      level: options.level ?? "info",
      base: { service: options.service, ...(options.instance ? { instance: options.instance } : {}) },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: cutStrings },
      mixin: traceIds,
      redact: {
        paths: ["token", "password", "authorization", "*.token", "*.password", "*.authorization"],
        remove: true,
      },
    },
    destination,
  );
}

const maxTextLength = 2_000;

function cutStrings(fields: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === "string" && value.length > maxTextLength) fields[name] = `${value.slice(0, maxTextLength)}…`;
  }
  return fields;
}
