import { type AppError, reasonToEnum } from "@pixelmesh/errors";
import type { JobError } from "@pixelmesh/proto";

const maxMessageLength = 200;

/** Returns the stored form of an error that no single step has caused. Its message is cut at 200 characters. */
export function toJobError({ reason, message }: Pick<AppError, "reason" | "message">): JobError {
  return { reason: reasonToEnum(reason), message: message.slice(0, maxMessageLength), stepId: "" };
}
