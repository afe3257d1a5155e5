import { type AppError, type FieldViolation, type Reason, reasonTable } from "@pixelmesh/errors";
import { toNameHint } from "@pixelmesh/flag-values";
import { httpStatusOf } from "./http-status.ts";

/** The media type of problem documents (RFC 9457). */
export const problemType = "application/problem+json";

/** A problem document (RFC 9457) with the mesh's own members. */
export type Problem = {
  /** Where the reason is explained, relative to the gateway. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly reason: Reason;
  readonly fields?: readonly { readonly name: string; readonly description: string }[];
  readonly retryAfterMs?: number;
  readonly jobId?: string;
  readonly traceId?: string;
};

/** Ids that a problem document may name. */
export type ProblemIds = { readonly jobId?: string | undefined; readonly traceId?: string | undefined };

/** Converts an error to its problem document. `status` replaces the status of its reason. */
export function toProblem(
  error: AppError,
  { jobId, traceId }: ProblemIds,
  status = httpStatusOf(error.reason),
): Problem {
  const { reason, message, fields, retryAfterMs } = error;
  return {
    type: `/errors/${reason}`,
    title: titleOf(reason),
    status,
    detail: message.includes("Did you mean") ? message : `${message}${toNameHint(error)}`,
    reason,
    ...(fields.length > 0 ? { fields: fields.map(toField) } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(jobId ? { jobId } : {}),
    ...(traceId ? { traceId } : {}),
  };
}

/** Returns the first sentence of a reason's help: a short title that is the same for each problem of this reason. */
function titleOf(reason: Reason): string {
  return /^.*?[^.]\.(?= |$)/.exec(reasonTable[reason].help)?.[0].slice(0, -1) ?? reason;
}

function toField({ field, description }: FieldViolation) {
  return { name: field, description };
}
