import { createRequire } from "node:module";
import type { TraceState } from "@opentelemetry/api";

/** Flags of a trace in `traceparent`, as W3C Trace Context defines them. */
export const traceFlags = { none: 0, sampled: 1 } as const;

/** Version, trace id, span id, flags, and what later versions add. Ids of zeros and version ff are invalid (W3C Trace Context, 3.2). */
const traceParentForm = /^\s?((?!ff)[\da-f]{2})-((?!0{32})[\da-f]{32})-((?!0{16})[\da-f]{16})-([\da-f]{2})(-.*)?\s?$/;

/** The ids and flags of a `traceparent` header; undefined where the header is invalid. */
export function parseTraceParent(
  text: string,
): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number } | undefined {
  const [, version, traceId, spanId, flags, rest] = traceParentForm.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === "00" && rest) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}

// The libraries have 130 modules. They are loaded when the first header or program needs them, since most processes never do.
const load = createRequire(import.meta.url);

/** Returns the state of other tracing systems from a `tracestate` header; invalid members are left out. */
export function toTraceState(text: string): TraceState {
  const core: typeof import("@opentelemetry/core") = load("@opentelemetry/core");
  return new core.TraceState(text);
}

/** Where version 1 of OpenTelemetry's API keeps what a program registered, for all copies of the library in the process. */
const registered = Symbol.for("opentelemetry.js.api.1");

/** Calls `set` with the headers of the trace that is active in the program's own OpenTelemetry SDK, if it has one. */
export function injectForeignTrace(set: (name: string, value: string) => void): void {
  if (!(registered in globalThis)) return;
  const { context, propagation }: typeof import("@opentelemetry/api") = load("@opentelemetry/api");
  propagation.inject(context.active(), undefined, { set: (_carrier, name, value) => set(name, value) });
}
