import { toAppError } from "@pixelmesh/errors";
import { traceIds } from "@pixelmesh/telemetry";
import { toProblem } from "../domain/problem.ts";
import { toNamedFailure } from "../rpc/ingest-failure.ts";
import type { ServerEvent } from "./event-stream.ts";

/** Returns the event `error` that ends a stream: its problem document. */
export function toProblemEvent(thrown: unknown): ServerEvent {
  return { event: "error", data: toProblem(toNamedFailure(toAppError(thrown)), { traceId: traceIds().traceId }) };
}
