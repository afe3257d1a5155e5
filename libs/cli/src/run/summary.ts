import { escapeLine } from "../format/safe-text.ts";
import { toRate, toShortSize, toShortTime } from "../format/text.ts";
import type { PictureResult } from "./document.ts";

/** How many pictures of a command ended, and how. */
export type Counts = { readonly done: number; readonly skipped: number; readonly failed: number };

/** How the work on a picture ended. */
export type Outcome = keyof Counts;

/** Returns how the work on a picture ended. */
export function outcomeOf({ failure, isSkipped }: PictureResult): Outcome {
  if (failure !== undefined) return "failed";
  return isSkipped ? "skipped" : "done";
}

/** Formats the result of a picture: succeeded or why not, degradations, adjustments. */
export function toSummary({ job, failure, isSkipped }: PictureResult, ms: number): string {
  if (isSkipped) return "skipped: an earlier command has finished it";
  const cached = (job?.steps ?? []).filter((step) => step.cached).map(({ id }) => id);
  const head = failure
    ? `${failure.reason}: ${failure.message}`
    : `done in ${toShortTime(ms)}${cached.length > 0 ? ` (from earlier results: ${cached.join(", ")})` : ""}`;
  const lowered = (job?.adaptations ?? []).map(
    ({ kind, from, to, why }) => `\n  lowered ${kind}: ${from} -> ${to} (${why})`,
  );
  const noticed = (job?.notices ?? []).map(({ text }) => `\n  note: ${text}`);
  return [head, ...lowered, ...noticed].join("");
}

/** Formats how many pictures succeeded and failed; with a time also how many there were in a second. */
export function toTotal({ done, skipped, failed }: Counts, wallMs?: number): string {
  const count = done + skipped + failed;
  const parts = [
    `${done} done`,
    ...(skipped > 0 ? [`${skipped} skipped`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  const time = wallMs === undefined ? "" : ` in ${toShortTime(wallMs)}`;
  const rate = wallMs !== undefined && wallMs > 0 ? `, ${toRate((count / wallMs) * 1_000)}` : "";
  return `${parts.join(", ")} of ${count} pictures${time}${rate}`;
}

/** Formats a line for each output of a picture: path, size in pixels, format, bytes. */
export function toOutputLines({ outputs }: Pick<PictureResult, "outputs">): string {
  return outputs
    .map(
      ({ path, width, height, format, bytes }) =>
        `${escapeLine(path)}  ${width}x${height} ${format} ${toShortSize(bytes)}\n`,
    )
    .join("");
}
