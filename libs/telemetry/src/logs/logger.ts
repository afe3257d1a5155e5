import { createRequire } from "node:module";
import { maskSecrets } from "@pixelmesh/errors";
import type { DestinationStream, Logger as PinoLogger } from "pino";
import { traceIds } from "../traces/trace.ts";
import { createBestEffortDestination } from "./best-effort-destination.ts";
import { toLoggedError } from "./log-error.ts";
import { createLogRateLimiter, type LogLine, type LogRateLimits } from "./log-rate-limiter.ts";
import { withTap } from "./log-tap.ts";

/** A structured logger: `log.info({ jobId }, "text")` writes one JSON line, to standard error by default. */
export type Logger = PinoLogger;

const windowMs = 10_000;

const stderr = createBestEffortDestination(2, (dropped, code) => {
  const line = { level: "warn", time: new Date().toISOString(), dropped, code, msg: "log lines could not be written" };
  return `${JSON.stringify(line)}\n`;
});

/** Number of log lines of this process that could not be written to standard error. */
export const droppedLogLines = (): number => stderr.droppedLines();

/**
 * Creates the logger of a process. Every line carries service, instance, version and, inside a trace, the trace id. Secrets and
 * user text are removed, also from errors. Long strings are cut. Equal lines are limited in each window of 10 s; a line at its end
 * says how many were suppressed. Lines that cannot be written are dropped and counted.
 */
export function createLogger(
  options: {
    readonly service: string;
    readonly instance?: string;
    readonly version?: string;
    readonly level?: string;
    readonly rateLimits?: LogRateLimits;
  },
  destination: DestinationStream = stderr,
): Logger {
  // Loaded here, because the command line imports this module and has no log.
  const { pino, stdTimeFunctions }: typeof import("pino") = createRequire(import.meta.url)("pino");
  const limiter = createLogRateLimiter(options.rateLimits);
  const log = pino(
    {
      level: options.level ?? "info",
      base: {
        service: options.service,
        ...(options.instance ? { instance: options.instance } : {}),
        ...(options.version ? { version: options.version } : {}),
      },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: toSafeStrings },
      mixin: traceIds,
      serializers: { err: (error: unknown) => toLoggedError(error) },
      redact: {
        paths: ["token", "password", "authorization", "*.token", "*.password", "*.authorization"],
        remove: true,
      },
      hooks: {
        logMethod(args, method, level) {
          if (limiter.allows(toLogLine(args, pino.levels.labels[level]))) method.apply(this, args);
        },
      },
    },
    withTap(destination),
  );
  // The timer does not keep the process running, so the counts of its last window are lost.
  setInterval(() => {
    for (const { level, message, suppressed } of limiter.startWindow())
      log[level]({ line: message, suppressed }, "equal log lines suppressed");
  }, windowMs).unref();
  return log;
}

function toLogLine([first, second]: readonly unknown[], levelName = "info"): LogLine {
  const message = typeof second === "string" ? second : typeof first === "string" ? first : "";
  const label = levelName as LogLine["level"];
  const isAboutJob = typeof first === "object" && first !== null && "jobId" in first;
  return { level: label, message, isRecord: label === "info" || isAboutJob };
}

const maxTextLength = 2_000;

/** Masks secrets before cutting, because the mask does not recognise an address that was cut. */
function toSafeStrings(fields: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== "string") continue;
    const text = maskSecrets(value);
    if (text.length > maxTextLength) fields[name] = `${text.slice(0, maxTextLength)}…`;
    else if (text !== value) fields[name] = text;
  }
  return fields;
}
