import { reasonFromEnum } from "@pixelmesh/errors";
import type { JobError, RetryJobsResponse } from "@pixelmesh/proto";

/** Converts the answer to a retry of jobs to JSON. */
export function toRetryJson({ matched, jobIds, withoutPictures, stopped }: RetryJobsResponse) {
  return { matched, jobIds, withoutPictures, stopped: stopped ? toErrorText(stopped) : null };
}

/** Formats the reason and the text of an error. */
export function toErrorText({ reason, message }: JobError): string {
  return `${reasonFromEnum(reason)}: ${message}`;
}
