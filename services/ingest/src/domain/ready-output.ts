import { AppError } from "@pixelmesh/errors";
import type { OutputStatus } from "@pixelmesh/proto";

/** Returns the output of a job by its name. Throws OUTPUT_NOT_FOUND with the known names, OUTPUT_EXPIRED, OUTPUT_NOT_READY with RetryInfo. */
export function findReadyOutput(outputs: readonly OutputStatus[], name: string): OutputStatus {
  const output = outputs.find((known) => known.name === name);
  if (!output) {
    const known = outputs.map((other) => other.name).join(", ");
    throw new AppError("OUTPUT_NOT_FOUND", `The job has no output \`${name}\`; it has ${known}`, {
      metadata: { known },
    });
  }
  if (output.expired) throw expiredOutput(name);
  if (!output.ready)
    throw new AppError("OUTPUT_NOT_READY", `Output \`${name}\` is not there yet`, { retryAfterMs: 1_000 });
  return output;
}

/** The error for an output whose time is over. */
export function expiredOutput(name: string): AppError {
  return new AppError("OUTPUT_EXPIRED", `Output \`${name}\` has expired and was deleted; run the job again`);
}
