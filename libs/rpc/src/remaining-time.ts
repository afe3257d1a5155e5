import { ServerInterceptingCall, type ServerInterceptor } from "@grpc/grpc-js";

/** Metadata key that tells the middleware how long the call may take, in ms. Only this process writes it; what a caller sends is dropped. */
export const remainingKey = "x-pixelmesh-remaining-ms";

/** Before releases agreed on remaining time: an absolute time by the caller's clock, which means nothing here. */
const formerKey = "x-pixelmesh-deadline-unix-ms";

/**
 * Hands the caller's `grpc-timeout` to the middleware. It is the time that remains, so the clocks of caller and server need not
 * agree. grpc-js takes the header out of the metadata that handlers see.
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
