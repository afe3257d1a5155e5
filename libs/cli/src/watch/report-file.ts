import { appendFile, stat, truncate } from "node:fs/promises";
import { reportHeader, type TimedResult, toReportRow } from "../run/report.ts";

/** A CSV report that grows. */
export type ReportFile = {
  /** Appends a line about a picture, and the line of names to an empty file. Throws errors of the file system, and leaves no part of a line then. */
  add(result: TimedResult): Promise<void>;
};

/** Creates a report at a path. What an earlier command has written there stays. */
export function createReportFile(path: string): ReportFile {
  let hasBegun = false;
  let last: Promise<void> = Promise.resolve();
  async function append(row: string): Promise<void> {
    const stats = await stat(path).catch(() => undefined);
    const isEmpty = stats === undefined || stats.isFile() ? !stats?.size : !hasBegun;
    try {
      await appendFile(path, isEmpty ? reportHeader + row : row);
      hasBegun = true;
    } catch (error) {
      if (stats?.isFile()) await truncate(path, stats.size).catch(() => {});
      throw error;
    }
  }
  return {
    add(result) {
      const added = last.then(() => append(toReportRow(result)));
      last = added.catch(() => {});
      return added;
    },
  };
}
