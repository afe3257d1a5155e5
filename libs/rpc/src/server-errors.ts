import { Status } from "nice-grpc-common";

const serverErrors: ReadonlySet<Status> = new Set([
  Status.UNKNOWN,
  Status.DEADLINE_EXCEEDED,
  Status.UNIMPLEMENTED,
  Status.INTERNAL,
  Status.UNAVAILABLE,
  Status.DATA_LOSS,
]);

/** Whether a status says that the server is at fault, by the semantic conventions for gRPC; the others are the caller's. */
export const isServerError = (status: Status): boolean => serverErrors.has(status);
