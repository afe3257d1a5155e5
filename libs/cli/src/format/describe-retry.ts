import type { RetryJobsResponse } from "@pixelmesh/client";
import { toErrorText } from "@pixelmesh/json-views";

/** Tells why fewer than `asked` jobs were retried. */
export function describeRetry({ matched, jobIds, withoutPictures, stopped }: RetryJobsResponse, asked: number): string {
  const unfit = asked - matched;
  const reasons = [
    ...(unfit > 0 ? [`${unfit} cannot be: they have not failed, were retried before, or belong to a batch`] : []),
    ...(withoutPictures > 0 ? [`the pictures of ${withoutPictures} are no longer stored`] : []),
    ...(stopped ? [`stopped by ${toErrorText(stopped)}; run the command again for the others`] : []),
  ];
  const others = asked - unfit - withoutPictures - jobIds.length;
  if (others > 0 && !stopped) reasons.push(`${others} are left: run the command again`);
  return `${jobIds.length} of ${asked} retried; ${reasons.join("; ")}`;
}
