import { toAppError } from "@pixelmesh/errors";
import { addCallLogFields, type Logger } from "@pixelmesh/telemetry";
import { type CallContext, ServerError, type ServerMiddlewareCall } from "nice-grpc-common";
import { toRpcError } from "../../errors/convert-errors.ts";

/**
 * Creates a middleware that converts every failure of a handler to a status with details. It logs unexpected failures once, with
 * their cause.
 */
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
        addCallLogFields({ reason });
        if (reason === "INTERNAL") log.error({ err: cause ?? error, method: call.method.path }, "unexpected failure");
      }
      throw toRpcError(error);
    }
  };
}
