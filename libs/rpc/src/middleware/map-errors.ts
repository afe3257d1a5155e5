import { toAppError } from "@pixelmesh/errors";
import { type Logger, noteCall } from "@pixelmesh/telemetry";
import { type CallContext, ServerError, type ServerMiddlewareCall } from "nice-grpc-common";
import { toRpcError } from "../errors.ts";

/** Turns whatever a handler throws into a status with details. An unexpected failure is logged here, once, with its cause. */
export function createMapErrorsMiddleware(log: Logger) {
  return async function* mapErrors<Request, Response>(
    call: ServerMiddlewareCall<Request, Response>,
    context: CallContext,
  ) {
    try {
      return yield* call.next(call.request, context) as AsyncGenerator<Response, Response>;
    } catch (error) {
      if (!(error instanceof ServerError)) {
        const { reason, cause } = toAppError(error);
        noteCall({ reason });
        if (reason === "INTERNAL") log.error({ err: cause ?? error, method: call.method.path }, "unexpected failure");
      }
      throw toRpcError(error);
    }
  };
}
