import { type JobDocument, type RunDocument, toJobDocument } from "./document.ts";
import { reportHeader, type TimedResult, toReportRow } from "./report.ts";
import { type Counts, outcomeOf, toOutputLines } from "./summary.ts";

/** The results of a command in the order of its pictures. Holds only what will be printed, because a job's record is large. */
export type RunResults = {
  add(index: number, result: TimedResult): void;
  counts(): Counts;
  report(): string;
  document(wallMs: number): RunDocument;
  outputLines(): string;
};

/** What of the results is printed at the end. */
export type Wanted = { readonly report: boolean; readonly document: boolean; readonly outputLines: boolean };

/** Creates an empty collection of results. */
export function createRunResults(wanted: Wanted): RunResults {
  const counts = { done: 0, skipped: 0, failed: 0 };
  const rows: string[] = [];
  const jobs: JobDocument[] = [];
  const lines: string[] = [];
  return {
    add(index, result) {
      counts[outcomeOf(result)] += 1;
      if (wanted.report) rows[index] = toReportRow(result);
      if (wanted.document) jobs[index] = toJobDocument(result);
      if (wanted.outputLines) lines[index] = toOutputLines(result);
    },
    counts: () => ({ ...counts }),
    report: () => [reportHeader, ...rows].join(""),
    document: (wallMs) => ({ jobs, wallMs: Math.round(wallMs) }),
    outputLines: () => lines.join(""),
  };
}
