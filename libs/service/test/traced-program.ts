import { loadConfig } from "@pixelmesh/config";
import { createLogger, openEntry, startTracing, traceIds, withSpan } from "@pixelmesh/telemetry";
import { toTraceSettings, traceFields } from "../src/trace-fields.ts";

/** A request to the program: trace calls, or end tracing. */
export type Command =
  | {
      readonly calls: number;
      readonly traceparent?: string;
      readonly tracestate?: string;
      readonly isFailing?: boolean;
      /** Whether the work writes two log lines. */
      readonly isLogging?: boolean;
    }
  | "close";

/** Ids of the span of a call and of the work in it, and the time before and after, in milliseconds since 1970. */
export type Traced = {
  readonly traceId: string;
  readonly callId: string;
  readonly workId: string;
  readonly fromUnixMs: number;
  readonly toUnixMs: number;
};

/** An answer of the program. */
export type Answer =
  | { readonly ready: true; readonly isSdkLoaded: boolean }
  | { readonly traced: readonly Traced[] }
  | { readonly lost: Readonly<Record<string, number>> };

/** Starts tracing as a service does, with the settings of the environment, and traces what its parent asks for. */
const lost: Record<string, number> = {};
const log = createLogger({ service: "effects", level: "info" });
const tracing = await startTracing({
  service: "effects",
  instance: "7",
  version: "1.2.3",
  settings: toTraceSettings(loadConfig(traceFields(), process.env)),
  log,
  onLost: (reason, spans) => {
    lost[reason] = (lost[reason] ?? 0) + spans;
  },
});

async function trace({ traceparent, tracestate, isFailing, isLogging }: Exclude<Command, "close">): Promise<Traced> {
  const fromUnixMs = Date.now();
  const headers: Record<string, string | undefined> = { traceparent, tracestate };
  const attributes = { "rpc.system.name": "grpc", "rpc.method": "pixelmesh.test/Call" };
  const entry = openEntry((name) => headers[name], {
    name: "pixelmesh.test/Call",
    options: { kind: "server", attributes },
  });
  const work = async () => {
    const callId = String(traceIds().spanId);
    const workId = await withSpan("work", { attributes: { "pixelmesh.tiles": 3 } }, async (span) => {
      span.event("tile", { "pixelmesh.tile_px": 64 });
      if (isFailing) span.fail("INTERNAL");
      if (isLogging) {
        log.info({ jobId: "j1", ms: 7 }, "worked");
        log.error({ err: new TypeError("no") }, "broke");
      }
      return String(traceIds().spanId);
    });
    return { traceId: String(traceIds().traceId), callId, workId };
  };
  const ids = await entry.run(work);
  entry.span.end();
  return { ...ids, fromUnixMs, toUnixMs: Date.now() };
}

const answer = (message: Answer) => process.send?.(message);
process.on("message", async (command: Command) => {
  if (command === "close") {
    await tracing.close();
    // As a service ends: what is still open then must not keep it.
    process.send?.({ lost } satisfies Answer, () => process.exit(0));
    return;
  }
  const traced: Traced[] = [];
  for (let call = 0; call < command.calls; call++) traced.push(await trace(command));
  answer({ traced });
});
// OpenTelemetry's API is registered there once its SDK was loaded.
answer({ ready: true, isSdkLoaded: Symbol.for("opentelemetry.js.api.1") in globalThis });
