import { Status } from "nice-grpc-common";

const serverErrors: ReadonlySet<Status> = new Set([
  Status.UNKNOWN,
  Status.DEADLINE_EXCEEDED,
  Status.UNIMPLEMENTED,
  Status.INTERNAL,
  Status.UNAVAILABLE,
  Status.DATA_LOSS,
]);

/** Whether a status is the server's fault, by OpenTelemetry's semantic conventions for gRPC. Other statuses are the caller's. */
export const isServerError = (status: Status): boolean => serverErrors.has(status);
