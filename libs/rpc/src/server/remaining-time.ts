import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";

/** Metadata key for the time that the call may take, in ms. Only this process sets it; a caller's value is removed. */
export const remainingKey = "x-pixelmesh-remaining-ms";

/** Key of earlier releases: an absolute time by the caller's clock, which is ignored. */
const formerKey = "x-pixelmesh-deadline-unix-ms";

/**
 * Passes the caller's `grpc-timeout` to the middleware: grpc-js removes the header from the metadata that handlers see. It is a
 * remaining time, so the clocks of caller and server need not agree.
 */
export const remainingTime: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start(next) {
      next({
        onReceiveMetadata(metadata, pass) {
          const remainingMs = Number(call.getDeadline()) - Date.now();
          metadata.remove(formerKey);
          metadata.remove(remainingKey);
          if (Number.isFinite(remainingMs)) metadata.set(remainingKey, String(Math.max(0, Math.round(remainingMs))));
          pass(metadata);
        },
      });
    },
  });
