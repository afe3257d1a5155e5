import { grpcStatusOf, type Reason } from "@pixelmesh/errors";
import { Status } from "nice-grpc-common";

/** The domain of our reasons in google.rpc.ErrorInfo. */
export const domain = "pixelmesh";

/** Returns the gRPC status of a reason. */
export function statusOf(reason: Reason): Status {
  return Status[grpcStatusOf(reason)];
}
