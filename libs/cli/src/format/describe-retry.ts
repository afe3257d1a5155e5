import { type JobError, type RetryJobsResponse, reasonFromEnum } from "@pixelmesh/client";

/** Converts an answer to the JSON of `jobs retry --json`. */
export function toRetryJson({ matched, jobIds, withoutPictures, stopped }: RetryJobsResponse) {
  return { matched, jobIds, withoutPictures, stopped: stopped ? toText(stopped) : null };
}

/** Tells why fewer than `asked` jobs were retried. */
export function describeRetry({ matched, jobIds, withoutPictures, stopped }: RetryJobsResponse, asked: number): string {
  const unfit = asked - matched;
  const reasons = [
    ...(unfit > 0 ? [`${unfit} cannot be: they have not failed, were retried before, or belong to a batch`] : []),
    ...(withoutPictures > 0 ? [`the pictures of ${withoutPictures} are no longer stored`] : []),
    ...(stopped ? [`stopped by ${toText(stopped)}; run the command again for the others`] : []),
  ];
  const others = asked - unfit - withoutPictures - jobIds.length;
  if (others > 0 && !stopped) reasons.push(`${others} are left: run the command again`);
  return `${jobIds.length} of ${asked} retried; ${reasons.join("; ")}`;
}

function toText({ reason, message }: JobError): string {
  return `${reasonFromEnum(reason)}: ${message}`;
}
