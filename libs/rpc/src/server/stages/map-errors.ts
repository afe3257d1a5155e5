import { toAppError } from "@pixelmesh/errors";
import type { CallLogFields, Logger } from "@pixelmesh/telemetry";
import { ServerError } from "nice-grpc-common";
import { toRpcError } from "../../errors/convert-errors.ts";

/**
 * Converts a failure of a handler to a status with details, and sets the reason in the fields of the call's log line. Logs an unexpected failure
 * once, with its cause.
 */
export function toSentError(error: unknown, path: string, logFields: CallLogFields, log: Logger): ServerError {
  if (!(error instanceof ServerError)) {
    const { reason, cause } = toAppError(error);
    logFields.reason = reason;
    if (reason === "INTERNAL") log.error({ err: cause ?? error, method: path }, "unexpected failure");
  }
  return toRpcError(error);
}
