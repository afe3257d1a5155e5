import type { Job } from "@pixelmesh/proto";
import type { PictureResult } from "./document.ts";

const columns = ["picture", "state", "outputs", "seconds", "confidence", "notices", "reason", "message"] as const;

/** A result, and how long its picture took. */
export type TimedResult = PictureResult & { readonly ms: number };

/** The first line of a report: the names of its columns. */
export const reportHeader = `${columns.join(",")}\r\n`;

/** Formats a result as a line of CSV, as RFC 4180 says: it ends with CR LF, and has quotes around fields that need them. */
export function toReportRow({ path, job, outputs, failure, ms, isSkipped = false }: TimedResult): string {
  const row = [
    path,
    isSkipped ? "SKIPPED" : failure === undefined ? "SUCCEEDED" : "FAILED",
    outputs.map((output) => output.path).join(" "),
    (ms / 1_000).toFixed(3),
    leastConfidence(job),
    (job?.notices ?? []).map(({ kind }) => kind).join(" "),
    failure?.reason ?? "",
    failure?.message ?? "",
  ];
  return `${row.map(toField).join(",")}\r\n`;
}

/** The least confidence of the job's cut-outs; empty without one. */
function leastConfidence(job: Job | undefined): string {
  const known = (job?.steps ?? []).flatMap(({ confidence }) => (confidence === undefined ? [] : [confidence]));
  return known.length === 0 ? "" : Math.min(...known).toFixed(3);
}

function toField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
