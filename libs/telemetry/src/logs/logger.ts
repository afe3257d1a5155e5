import { maskSecrets } from "@pixelmesh/errors";
import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from "pino";
import { traceIds } from "../traces/trace.ts";
import { createFloodGate, type FloodLimits, type GateLine } from "./flood-gate.ts";
import { toLoggedError } from "./log-error.ts";
import { createLossyDestination } from "./lossy-destination.ts";

/** A structured logger: `log.info({ jobId }, "text")`. One JSON line each, on standard error by default. */
export type Logger = PinoLogger;

const windowMs = 10_000;

const stderr = createLossyDestination(2, (dropped, code) => {
  const line = { level: "warn", time: new Date().toISOString(), dropped, code, msg: "log lines could not be written" };
  return `${JSON.stringify(line)}\n`;
});

/** How many log lines of this process could not be written to standard error. */
export const droppedLogLines = (): number => stderr.droppedLines();

/**
 * A logger for one process. Every line carries service, instance, version and, inside a call, its trace id. Values under keys that
 * hold secrets or user text are removed, also from errors; strings are cut so that a line stays bounded. Of equal lines only
 * so many are written in 10 s; how many were left out is said after that. Lines that cannot be written are dropped and counted.
 */
export function createLogger(
  options: {
    readonly service: string;
    readonly instance?: string;
    readonly version?: string;
    readonly level?: string;
    readonly floodLimits?: FloodLimits;
  },
  destination: DestinationStream = stderr,
): Logger {
  const gate = createFloodGate(options.floodLimits);
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
          if (gate.admits(toGateLine(args, level))) method.apply(this, args);
        },
      },
    },
    destination,
  );
  // Nothing waits for this timer: the counts of a process's last window are lost with it.
  setInterval(() => {
    for (const { level, message, leftOut } of gate.turn()) log[level]({ of: message, leftOut }, "equal lines left out");
  }, windowMs).unref();
  return log;
}

function toGateLine([first, second]: readonly unknown[], level: number): GateLine {
  const message = typeof second === "string" ? second : typeof first === "string" ? first : "";
  const label = (pino.levels.labels[level] ?? "info") as GateLine["level"];
  const isAboutJob = typeof first === "object" && first !== null && "jobId" in first;
  return { level: label, message, isRecord: label === "info" || isAboutJob };
}

const maxTextLength = 2_000;

/** Masks secrets in addresses, then cuts: what is cut could no longer be told for an address. */
function toSafeStrings(fields: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== "string") continue;
    const text = maskSecrets(value);
    if (text.length > maxTextLength) fields[name] = `${text.slice(0, maxTextLength)}…`;
    else if (text !== value) fields[name] = text;
  }
  return fields;
}
