import type { AppError } from "@pixelmesh/errors";

/** An error with an HTTP status that its reason alone does not tell, such as 405. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly status: number;
  readonly error: AppError;

  constructor(status: number, error: AppError) {
    super(error.message, { cause: error });
    this.status = status;
    this.error = error;
  }
}
